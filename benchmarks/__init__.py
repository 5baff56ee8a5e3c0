"""Measurements, printed beside the recorded figures of a real control plane."""
