"""What a terminal shows: tables, progress, and how both programs end."""
