print("Built, scanned and gated.")
