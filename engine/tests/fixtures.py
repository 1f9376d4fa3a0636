#!/usr/bin/env python3
"""Writes tests/fixtures/*.csv: deterministic candles, and what TA-Lib says of them.

    python3 -m venv /tmp/ta && /tmp/ta/bin/pip install ta-lib==0.8.2 numpy && /tmp/ta/bin/python engine/tests/fixtures.py

The candles come from a linear congruential generator, so that they are the same everywhere: a walk with trends, jumps,
quiet stretches, candles without volume and prices from a ten-thousandth to a hundred thousand.
"""
import csv
import pathlib

import numpy as np
import talib

HERE = pathlib.Path(__file__).parent / "fixtures"


def walk(seed, start, step, candles=400):
    """Candles of a walk from `start`, each moving about `step` of the price."""
    state = seed

    def draw():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 11) / 2**53

    digits = max(0, 6 - len(str(int(start)))) if start >= 1 else 8
    close, rows = start, []
    for i in range(candles):
        drift = 0.3 * step * np.sin(i / 37.0)
        quiet = 0.1 if 180 <= i < 210 else 1.0
        opened = close * (1 + quiet * step * 0.2 * (draw() - 0.5)) * (1 + (step * 4 if draw() > 0.99 else 0))
        close = opened * (1 + drift + quiet * step * (draw() + draw() + draw() - 1.5))
        high = max(opened, close) * (1 + quiet * step * draw())
        low = min(opened, close) * (1 - quiet * step * draw())
        volume = 0 if draw() < 0.05 else int(1e6 * draw() ** 3)
        opened, high, low, close = (round(price, digits) for price in (opened, high, low, close))
        rows.append((opened, max(high, opened, close), min(low, opened, close), close, volume))
    return np.array(rows, dtype=float)


def talib_says(bars):
    """Every indicator that TA-Lib has, by the name of the column."""
    _, high, low, close, volume = (np.ascontiguousarray(column) for column in bars.T)
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2, 0)
    k, d = talib.STOCH(high, low, close, 5, 3, 0, 3, 0)
    return {
        "sma20": talib.SMA(close, 20), "sma50": talib.SMA(close, 50), "ema20": talib.EMA(close, 20),
        "rsi14": talib.RSI(close, 14), "macd": macd, "macd_signal": signal, "macd_histogram": histogram,
        "upper": upper, "middle": middle, "lower": lower, "atr14": talib.ATR(high, low, close, 14),
        "adx14": talib.ADX(high, low, close, 14), "k": k, "d": d, "obv": talib.OBV(close, volume),
        "volume20": talib.SMA(volume, 20),
    }


def write(name, bars):
    says = talib_says(bars)
    with open(HERE / f"{name}.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["open", "high", "low", "close", "volume", *says])
        for i, bar in enumerate(bars):
            values = ("" if np.isnan(column[i]) else repr(float(column[i])) for column in says.values())
            out.writerow([*(repr(float(x)) for x in bar), *values])


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    write("share", walk(1, 187.5, 0.012))
    write("crypto", walk(2, 65_000.0, 0.03))
    write("penny", walk(3, 0.00042, 0.05))
    write("currency", walk(4, 1.0842, 0.004))
