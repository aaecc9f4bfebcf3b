"""``python -m theory_sim.cli``."""

from theory_sim.cli import main

if __name__ == "__main__":
    main()
