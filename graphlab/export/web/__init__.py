"""Storyboard → one HTML file; the scripts and the style are the reader's files beside this one."""
