#!/usr/bin/env python3
"""Our indicators against TA-Lib's on real daily candles: the S&P 500 and the Nasdaq composite of the package arch.

    python3 -m venv /tmp/ta && /tmp/ta/bin/pip install ta-lib==0.8.2 pandas arch && /tmp/ta/bin/python engine/tests/real.py

Writes the candles and what TA-Lib says of them as fixtures.py does, into a folder of its own, and runs the same test on
them: it fails where a value is further than 1e-9 from TA-Lib's.
"""
import os
import pathlib
import subprocess
import tempfile

import arch.data.nasdaq
import arch.data.sp500
import fixtures

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    with tempfile.TemporaryDirectory() as folder:
        fixtures.HERE = pathlib.Path(folder)
        for name, source in {"sp500": arch.data.sp500, "nasdaq": arch.data.nasdaq}.items():
            table = source.load()[["Open", "High", "Low", "Close", "Volume"]].dropna()
            print(f"{name}: {len(table)} candles from {table.index[0]:%F} to {table.index[-1]:%F}")
            fixtures.write(name, table.to_numpy(dtype=float))
        command = ["cargo", "test", "--quiet", "-p", "bellwether-engine", "--test", "talib", "--", "--nocapture"]
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "TALIB_FIXTURES": folder})


if __name__ == "__main__":
    main()
