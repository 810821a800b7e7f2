"""Recipes, batch runs and the command line of micro."""
