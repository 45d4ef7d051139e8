"""What a trace says: its moments, the rules behind them, and each step worked out."""
