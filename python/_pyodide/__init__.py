"""Modules that packages import although their name says that they are internal."""
