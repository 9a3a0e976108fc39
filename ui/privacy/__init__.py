"""How the history is encrypted, as it is seen: unlocking, the recovery key, the card in the settings."""
