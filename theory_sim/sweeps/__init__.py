"""Many runs: a plan of schedules and seeds, or a sweep over fields, in a folder of its own."""
