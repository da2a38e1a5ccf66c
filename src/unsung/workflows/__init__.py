"""Offline use cases: one public function a file."""
