"""The only room with torch: encoder weights, fine-tuning, export to ONNX."""
