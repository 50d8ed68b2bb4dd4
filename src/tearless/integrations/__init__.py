"""Foreign objects in, facts out: one folder a library, loaded only where the user has it loaded or asks for it."""
