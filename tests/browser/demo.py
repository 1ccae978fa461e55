"""The cells whose pictures stand in the docs: what a reader might run, always in the same shape."""

LOAD = """%load_ext ipyflow
import asyncio, sys, time
from ipyflow import (
    Context, Event, Retry, StartEvent, StopEvent, Workflow,
    current, in_parallel, progress, select, step, task,
)"""

# Six shops side by side; a line that is busy at first, rows that are wrong, two banks of which one is enough.
SALES_TASKS = """SHOPS = {"Oslo": 0.8, "Lima": 0.5, "Cairo": 1.1, "Kyoto": 0.6, "Quito": 0.4, "Turin": 0.9}

@task(retries=Retry(2, when=ConnectionError, backoff=(0.4, 0.4)))
def download(city):
    print(f"GET /sales/{city.lower()}.csv")
    time.sleep(SHOPS[city])
    if city == "Quito" and current().attempt == 1:
        raise ConnectionError("the line is busy")
    print(f"{city}: {len(city) * 117} rows")
    return {"city": city, "rows": len(city) * 117}

@task
async def exchange_rates(bank, seconds):
    await asyncio.sleep(seconds)
    return {"bank": bank, "NOK": 11.6}

@task(wait=True)
def clean(sales):
    table = sales.result()
    for part in progress(range(4), label="parts"):
        time.sleep(0.12)
        if table["city"] == "Lima" and part == 2:
            raise ValueError("row 212: a price of -40.00")
    return table

@task
def add_up(tables, rates):
    total = 0
    for table in tables:
        try:
            total += table.result()["rows"]
        except ValueError as error:
            current().log(f"a shop is left out: {error}")
    time.sleep(0.3)
    return total

@task(resolve=True)
def draw_chart(total, kind):
    time.sleep(0.5 if kind == "by hour" else 0.3)
    return f"{kind}.svg"

@task(resolve=True)
def write_report(total, charts, day):
    print("no logo was found", file=sys.stderr)
    time.sleep(0.3)
    return f"{day}: {total} rows, {len(charts)} charts"
"""
SALES = """%%flow sales_report(day="Saturday")
banks = [exchange_rates.submit("North", 2.5), exchange_rates.submit("South", 0.7)]
tables = [clean.submit(download.submit(city)) for city in SHOPS]
rates, slower = select(banks)
slower[0].cancel()
total = add_up.submit(tables, rates)
charts = [draw_chart.submit(total, kind) for kind in ("by city", "by hour")]
write_report.submit(total, charts, day).result()
"""

WORDS_TASKS = """@task
def fetch(page):
    time.sleep(0.3)
    if page == 3:
        raise OSError("page 3 is torn")
    return "the quick brown fox " * page

@task
def count_words(text):
    time.sleep(0.25)
    return len(text.split())

@task
def leave_out(error):
    time.sleep(0.1)
    return 0

@task
def all_words(counts):
    time.sleep(0.3)
    return sum(counts)

@task
def close_archive():
    time.sleep(0.15)
"""
WORDS = """%%flow newspaper
pages = [fetch.send(n).continue_with(count_words).exceptionally(leave_out) for n in range(1, 6)]
counted = in_parallel(pages, max_parallelism=3, name="pages")
counted.continue_with(all_words).finally_do(close_archive)
"""

FORECAST_STEPS = """class Ask(Event):
    station: str

class Reading(Event):
    station: str
    degrees: float

class Enough(Event):
    mean: float

class Forecast(Workflow):
    @step
    async def choose(self, ev: StartEvent) -> list[Ask]:
        return [Ask(station=name) for name in ev.stations]

    @step(num_workers=2)
    async def measure(self, ev: Ask) -> Reading:
        await asyncio.sleep(0.4)
        return Reading(station=ev.station, degrees=len(ev.station))

    @step
    async def average(self, readings: list[Reading]) -> Enough:
        await asyncio.sleep(0.2)
        return Enough(mean=sum(one.degrees for one in readings) / len(readings))

    @step
    async def tell(self, ctx: Context, ev: Enough) -> StopEvent:
        await asyncio.sleep(0.2)
        return StopEvent(result=f"{ev.mean:.1f} degrees")
"""
FORECAST = """%%flow forecast --view graph
Forecast().run(stations=["harbour", "lighthouse", "airport", "hill", "moor"]).result()
"""

# A shop that was closed all week: seen to fail, mended in its cell, and tried again.
WEEK_TASKS = """OPEN_DAYS = {"Oslo": 6, "Lima": 0, "Cairo": 7, "Kyoto": 5, "Quito": 6, "Turin": 6}

@task(resolve=True)
def best_day(averages, currency):
    time.sleep(0.4)
    return f"{max(averages):.0f} {currency}"
"""
PER_DAY = """%%task per_day(sales) --resolve
time.sleep(0.5)
return sales["rows"] / OPEN_DAYS[sales["city"]]
"""
PER_DAY_MENDED = """%%task per_day(sales) --resolve
time.sleep(0.5)
days = OPEN_DAYS[sales["city"]]
return sales["rows"] / days if days else 0
"""
WEEK = """%%flow week(number=47, currency="NOK")
averages = per_day.map(download.map(SHOPS))
best_day.submit(averages, currency)
"""
# It waits for one shop before it asks for the next, and for one bank never.
IN_TURN = """%%flow two_shops
exchange_rates.submit("North", 0.3)
oslo = download("Oslo")
lima = download("Lima")
oslo["rows"] + lima["rows"]
"""

# Months that are over do not change: they are downloaded once.
QUARTER_TASKS = """CITIES = ("Oslo", "Lima", "Cairo", "Kyoto")

@task(cache=True, limit=2)
def monthly(city, month):
    print(f"GET /{month}/{city.lower()}.csv")
    time.sleep(0.2 + 0.05 * len(city))
    return 117 * len(city) + len(month)

@task(resolve=True)
def add_up_months(parts):
    time.sleep(0.3)
    return sum(parts)
"""
QUARTER = """%%flow quarter(months=("July", "August"))
parts = [monthly.submit(city, month) for month in months for city in CITIES]
add_up_months.submit(parts).result()
"""
QUARTER_NEXT = """quarter.submit(("July", "August", "September"))
"""
# Its kernel dies when four of six models are there.
YEAR_TASKS = """@task(resolve=True)
def fit(sales):
    time.sleep(len(sales["city"]) / 10)
    {gate}
    return {{"city": sales["city"], "slope": sales["rows"] / 1000}}

@task(resolve=True)
def publish(models, number):
    time.sleep(0.4)
    return f"{{len(models)}} trends of {{number}}"
"""
YEAR = """%%flow year(number=2026)
models = [fit.submit(download.submit(city)) for city in SHOPS]
publish.submit(models, number).result()
"""
# Other runs, of other days.
NIGHTLY = """from ipyflow import flow

@flow
def nightly(*shops):
    return [part.result() for part in [word.submit(shop) for shop in shops]]

@task(cache=True)
def word(shop):
    time.sleep(len(shop) / 20)
    return shop.upper()
"""
EARLIER = """for shops in (["Oslo", "Lima"], ["Oslo", 5], ["Oslo", "Lima", "Quito"]):
    nightly.submit(*shops).exception()
"""
AGO = """import sqlite3, ipyflow as fl
with sqlite3.connect({database!r}) as file:
    for days, run in zip((4, 1, 1), file.execute("SELECT id FROM runs WHERE name = 'nightly' ORDER BY id").fetchall()):
        file.execute("UPDATE runs SET opened = opened - ? WHERE id = ?", (days * 86_400 + 7000, *run))
"""

CELLS = [cell.rstrip() for cell in (LOAD, SALES_TASKS, SALES, WORDS_TASKS, WORDS, FORECAST_STEPS, FORECAST)]
