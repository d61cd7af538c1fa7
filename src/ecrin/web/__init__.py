"""The wire: a folder per surface over one declared route table. Features own meaning; surfaces own wire shapes."""
