#!/bin/sh
# Prints the lock files, those of the program and of its policy pack first.
printf '%s\n' requirements.txt policy/requirements.txt requirements/*.txt sim/requirements-*.txt
