#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes examples/data/sample_orders.csv: three invented weeks of a small shop.

    make_sample_orders.py FILE          writes it
    make_sample_orders.py --check FILE  exit status 1 if FILE is not what would be written

All is invented; nothing is taken from real orders. The same bytes come out on every machine: the
only source of chance is random.random() of one seed, which Python promises to keep.

What a replay meets in it: SKUs that differ by case, hold blanks, commas, quotes or letters beyond
ASCII; rows of one SKU twice in an invoice; an invoice whose rows stand apart, and one that stands
before an earlier one; a leap day; orders of nothing to pay and of less; returns that are covered
and some that are not; write-offs likewise, three of which make a SKU scarce, so that orders run out
of stock.
"""
import csv
import datetime
import io
import random
import sys

import plainly

SEED = 20240219
FIRST_DAY = datetime.date(2024, 2, 19)
DAYS = 21
ORDERS_A_DAY = 15

# The name and the price; the first are sold the most.
PRODUCTS = [
    ("MUG-01a", "4.95"), ("MUG-01A", "6.95"), ("TEA,GREEN", "3.2"), ("TEA,BLACK", "2.85"),
    ("GIFT BOX", "1.25"), ('RULER 12"', "0.89"), ("CAFÉ-500", "12.4"), ("CANDLE-S", "0.42"),
    ("CANDLE-L", "2.1"), ("SCREW-M4", "0.0125"), ("NAPKIN RED", "1.65"), ("NAPKIN BLUE", "1.65"),
]
for i in range(60):
    suffix = "abc"[i % 3] if i % 5 == 0 else ""
    PRODUCTS.append(("P%d%s" % (100 + i, suffix), "%d.%02d" % (1 + i * 7 % 30, i * 37 % 100)))
PRICE = dict(PRODUCTS)
SCARCE = ["CAFÉ-500", "CANDLE-L", "NAPKIN RED"]
CUSTOMERS = ["", "Lind, Åsa", 'The "Corner" Shop', "O'Hara", "Müller & Söhne"]
CUSTOMERS += ["K%d" % i for i in range(1000, 1060)]


class Shop:
    def __init__(self):
        self.random = random.Random(SEED)
        self.number = 10000
        self.invoices = []  # (time, number, customer, [(sku, qty, price)])

    def below(self, n):
        return int(self.random.random() * n)

    def pick(self, things):
        return things[self.below(len(things))]

    def popular(self):
        """A product, the first of the list most often."""
        chance = self.random.random()
        return PRODUCTS[int(len(PRODUCTS) * chance * chance)][0]

    def time(self, day):
        seconds = 8 * 3600 + self.below(11 * 60) * 60 + self.pick([0, 0, 0, 17])
        return datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=seconds)

    def add(self, time, lines, customer=None, prefix=""):
        self.number += 1
        if customer is None:
            customer = self.pick(CUSTOMERS)
        self.invoices.append((time, prefix + str(self.number), customer, lines))

    def order(self, time):
        lines = []
        for _ in range(1 + self.below(7)):
            sku = self.popular()
            lines.append((sku, self.pick([1, 1, 2, 3, 4, 6, 12]), PRICE[sku]))
            if self.below(12) == 0:  # the same again, as a cart does that is filled twice
                lines.append((sku, 1 + self.below(3), PRICE[sku]))
        if self.below(3) == 0:
            sku = self.pick(SCARCE)
            # More from day to day, so that what arrives, days later, is not enough.
            lines.append((sku, 2 + self.below(5) + (time.date() - FIRST_DAY).days, PRICE[sku]))
        self.add(time, lines)

    def give_back(self, day):
        """A part of an order of the days before."""
        orders = [i for i in self.invoices
                  if i[0].date() < day and i[1][0] != "C" and i[3][0][1] > 0]
        if not orders:
            return
        _, _, customer, lines = self.pick(orders)
        sku, qty, price = self.pick(lines)
        self.add(self.time(day), [(sku, -1 - self.below(qty), price)], customer, "C")

    def sold_later(self, sku, time):
        later = [lines for t, _, _, lines in self.invoices if t > time]
        return sum(qty for lines in later for s, qty, _ in lines if s == sku and qty > 0)

    def make(self):
        days = [FIRST_DAY + datetime.timedelta(days=i) for i in range(DAYS)]
        for day in days:
            for time in sorted(self.time(day) for _ in range(ORDERS_A_DAY)):
                self.order(time)
            for _ in range(self.below(4)):
                self.give_back(day)
            if self.below(3) == 0:
                self.add(self.time(day), [(self.popular(), -1 - self.below(6), "0")], "")
        self.add_special(days)
        # Nearly all that is left of the three: it rained in.
        for i, sku in enumerate(SCARCE):
            time = datetime.datetime.combine(days[3 + i], datetime.time(20, 15))
            self.add(time, [(sku, -self.sold_later(sku, time) + 5, "0")], "")

    def add_special(self, days):
        noon = [datetime.datetime.combine(day, datetime.time(12, 0)) for day in days]
        self.add(noon[1], [("P100a", 40, "0"), ("TEA,GREEN", 2, "0.0")], "K1000")  # nothing to pay
        self.add(noon[2], [("MUG-01a", 2, "4.95"), ("VOUCHER", 1, "-5")], "Lind, Åsa")
        self.add(noon[2], [("VOUCHER", 3, "-10.5")], "K1001")  # less than nothing
        everything = [(sku, 1 + self.below(4), price) for sku, price in PRODUCTS]
        self.add(noon[10], everything)
        self.add(noon[4], [("P101", -500, "0")], "")  # more than is there
        self.add(noon[5], [("NEVER SOLD", -1, "9.99")], "K1002", "C")
        self.add(noon[6], [("VOUCHER", -9, "-10.5")], "K1001", "C")
        self.add(noon[7], [("MUG-01a", -1, "4.95"), ("NEVER SOLD", -1, "9.99")], "K1003", "C")

    def rows(self):
        """By time, but for one invoice that stands too early and one whose rows stand apart."""
        invoices = sorted(self.invoices, key=lambda i: (i[0], i[1]))
        rows = [[(number, sku, qty, time, price, customer) for sku, qty, price in lines]
                for time, number, customer, lines in invoices]
        rows.insert(20, rows.pop(23))
        long = next(r for r in rows[40:] if len(r) > 4)
        rows[rows.index(long) + 3].extend(long[3:])
        del long[3:]
        return [row for invoice in rows for row in invoice]


def sample():
    shop = Shop()
    shop.make()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["invoice", "sku", "qty", "time", "price", "customer"])
    for row in shop.rows():
        writer.writerow(row)
    return text.getvalue().encode()


def main(arguments):
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        with open(arguments[0], "wb") as file:
            file.write(sample())
        return 0
    if len(arguments) == 2 and arguments[0] == "--check":
        with open(arguments[1], "rb") as file:
            same = file.read() == sample()
        print("%s: %s" % (arguments[1], "as made" if same else "not what this script makes"))
        return 0 if same else 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    plainly.run(lambda: main(sys.argv[1:]))
