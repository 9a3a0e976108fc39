"""How the encryption of the history is seen."""
