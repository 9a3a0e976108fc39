"""Locking the window: after a time without anybody there, and on demand."""
