"""Runs the fuzz tests again and again, each time from another seed, until the time is over or one fails."""

import random
import subprocess
import sys
import time

SECONDS = 120


def main() -> int:
    until, runs = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        seed = random.SystemRandom().randrange(2**32)
        command = [
            "-m",
            "pytest",
            "-q",
            "tests/fuzz",
            "--hypothesis-profile=fuzz",
            f"--hypothesis-seed={seed}",
        ]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
        runs += 1
        if done.returncode:
            print(done.stdout)
            print(f"make fuzz: found with seed {seed}; again: .venv/bin/python {' '.join(command)}")
            return 1
    print(f"make fuzz: {runs} runs of every parser in {SECONDS} s, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
