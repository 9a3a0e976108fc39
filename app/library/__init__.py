"""The models of this computer: measured, chosen, downloaded and kept, for window and terminal alike."""
