"""Tests of what packages are made of, as far as it is quick to see."""
