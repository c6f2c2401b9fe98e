#!/usr/bin/env python3
"""The workload of the measures: ROWS tender notices of an old departmental system, as a GBK CSV file. Deterministic.

26 columns, 779 bytes a row. Dates come in four forms, amounts in 万元, districts by name or code. All rows are right,
and their text repeats itself: it compresses far better than real notices do, so sizes measured with it are no promise.

    generate.py ROWS FILE [--changed PERCENT] [--lf]

--changed  the remark of that share of the rows is another one, so that their records count as changed
--lf       lines end with LF instead of CR LF: another file with the same rows
"""

import argparse
import csv
import datetime
import random

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
COLUMNS = (
    "XMBH ZBXMBH BDBH GGBT GGNR FBSJ KBSJ WJHQKSSJ WJHQJZSJ KZJ ZBR ZBRDM DLJG DLJGDM "
    "SSQY GGXZ GGLX ZBFS ZZFS LXR LXDH MT URL YXQ GXSJ BZ"
).split()
BODY = (
    "本招标项目鄂州市梁子湖区农村公路提档升级工程已由鄂州市发展和改革委员会批准建设，招标人为鄂州市交通运输局，"
    "建设资金来自财政资金，项目已具备招标条件，现对该项目的施工进行公开招标。"
)
FORMS = [
    lambda d: d.strftime("%Y/%-m/%-d %-H:%M:%S"),
    lambda d: d.strftime("%Y-%m-%d %H:%M:%S"),
    lambda d: d.strftime("%Y%m%d%H%M%S"),
    lambda d: d.strftime("%Y年%-m月%-d日 %H:%M"),
]
DISTRICTS = ["鄂城区", "华容区", "梁子湖区", "420704"]
REMARKS = ["", "无", "详见附件"]


def credit_code(rand):
    """A unified social credit code with a right check character."""
    begin = "91420704" + "".join(rand.choice(ALPHABET) for _ in range(9))
    weighed = sum(ALPHABET.index(c) * pow(3, k, 31) for k, c in enumerate(begin)) % 31
    return begin + ALPHABET[(31 - weighed) % 31]


def row(i, rand, parties):
    day = datetime.datetime(2016, 1, 4, 9, 5) + datetime.timedelta(minutes=7 * i)
    project = "E420704%04d%06d" % (i % 37, i // 37 % 1000000)
    tenderer, agency = parties[i % 500]
    form = FORMS[i % 4]
    return [
        project,
        project + "001",
        project + "001001",
        "鄂州市2016年第%d批工程施工招标公告" % i,
        BODY * 2,
        form(day),
        form(day + datetime.timedelta(days=21)),
        form(day),
        form(day + datetime.timedelta(days=5)),
        "%.4f" % (rand.randint(1000, 99999999) / 10000),
        "鄂州市交通运输局第%d分局" % (i % 97),
        tenderer,
        "湖北某某招标代理有限公司%d" % (i % 53),
        agency,
        DISTRICTS[i % 4],
        "正常公告",
        "1",
        "公开招标",
        "2",
        "张三丰",
        "0711-3%06d" % (i % 1000000),
        "中国采购与招标网;湖北省公共资源交易网",
        "http://example.invalid/gg/%d" % i,
        str(60 + i % 60),
        FORMS[1](day),
        REMARKS[i % 3],
    ]


def main():
    parser = argparse.ArgumentParser(description="Writes the workload of the measures.")
    parser.add_argument("rows", type=int)
    parser.add_argument("file")
    parser.add_argument("--changed", type=int, default=0, metavar="PERCENT")
    parser.add_argument("--lf", action="store_true")
    args = parser.parse_args()
    rand = random.Random(20161)
    parties = [(credit_code(rand), credit_code(rand)) for _ in range(500)]
    with open(args.file, "w", encoding="gbk", newline="") as file:
        writer = csv.writer(file, lineterminator="\n" if args.lf else "\r\n")
        writer.writerow(COLUMNS)
        for i in range(args.rows):
            cells = row(i, rand, parties)
            if i % 100 < args.changed:
                cells[-1] += "已改"
            writer.writerow(cells)


if __name__ == "__main__":
    main()
