"""Rewriting of found values. Pure functions: they neither find nor judge."""
