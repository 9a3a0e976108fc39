"""Chats as pages to read outside of Ponder, and what the window shows of export and import."""
