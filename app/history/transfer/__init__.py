"""Chats out of the history into files, and chats of other programs into the history."""
