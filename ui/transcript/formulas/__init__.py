"""Formulas: LaTeX drawn as maths, made in a process of its own."""
