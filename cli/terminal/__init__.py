"""How the command line reads and looks: screen, help, language, failures."""
