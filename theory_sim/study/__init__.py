"""Many runs: plans (compared schedules, seeds) and the statistics over seeds."""
