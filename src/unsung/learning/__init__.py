"""The only room with torch: the encoder's weights, checked, and their export to ONNX."""
