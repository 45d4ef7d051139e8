"""Runs kept in files."""
