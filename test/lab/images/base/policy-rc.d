#!/bin/sh
# A container starts its own program; packages start nothing.
exit 101
