"""What is said of judged claims: as entries for programs, and as a report for a reader."""
