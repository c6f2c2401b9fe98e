#!/usr/bin/env python3
"""Derives the samples of the systems `subjects`, `finance` and `ezhou` from the real material, and puts the faults in.

    python3 config/samples/make.py            # writes the files in place

What is real stands in `portal/` (23 published notices) and `real/` (titles, identifiers). What this script adds is said
column by column in the README of each system. It draws nothing at random and reads no clock, so it writes the same
bytes each time; a change of the samples is a change of this script. Each fault stands under a comment FAULT.
"""

import csv
import datetime
import hashlib
import io
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import xlsx

HERE = Path(__file__).parent
BEIJING = datetime.timezone(datetime.timedelta(hours=8))
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Divisions that stand in old credit codes and have a new code since; this one is 宁德.
DIVISION_NOW = {"352200": "350900"}


# ---------------------------------------------------------------- what is real

def credit_code_valid(code):
    """Returns whether the check character of a unified social credit code is right (GB 32100-2015)."""
    if len(code) != 18 or any(c not in CREDIT_ALPHABET for c in code):
        return False
    total = sum(CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return CREDIT_ALPHABET[(31 - total % 31) % 31] == code[17]


def notices():
    """Returns the published notices of the portal."""
    path = HERE / "portal" / "ggzy_national_portal_details_2026-03-17.json"
    return json.loads(path.read_text(encoding="utf-8"))["items"]


def bidders(items):
    """Returns (credit code, name, own bid in 万元) of the Hubei bidders in the published opening record of Yongchun.

    The record prints them without separators: serial, code, name, time of filing, state, time, security, bid, days.
    Every code in it has been checked: none fails GB 32100.
    """
    text = next(i for i in items if "永春县桃溪" in i["title"])["structured_fields"]["开标记录内容"]
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    pattern = (
        rf"([0-9A-Z]{{18}})([一-龥（）()·]+){moment}解密成功{moment}"
        r"(?:电子保函|年度保证金|400,000|0)(\d,\d{3}\.\d+)(?=\d{3} ?日历天|总|工期)"
    )
    found = [(code, name, Decimal(bid.replace(",", ""))) for code, name, bid in re.findall(pattern, text)]
    assert all(credit_code_valid(code) for code, _, _ in found)
    # Positions 3 and 4 of the code are the province that registered the company; 42 is Hubei.
    return [b for b in found if b[0][2:4] == "42"]


def winners(items):
    """Returns (credit code, name) of the suppliers whose code stands beside their name in an award notice."""
    found = []
    for item in items:
        for name, code in re.findall(r"\n([^\n]+)\n[^\n]+\n([0-9A-Z]{18})\n", item["content_text"]):
            # The opening record has the same shape by chance: there the line before is a number.
            if "统一信用代码" in item["content_text"]:
                found.append((code, name))
    return found


def table(name):
    """Returns the rows of one CSV under real/."""
    with open(HERE / "real" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Parties:
    """Everyone who may stand in a made row: names that have their own real code, and nobody else."""

    def __init__(self):
        items = notices()
        self.identifiers = table("identifiers.csv")
        centres = [i for i in self.identifiers if i["name"]]
        # Public bodies: the only ones whose name and code are both known stand as purchasers and tenderers.
        self.bodies = [(c["credit_code"], c["name"]) for c in centres if c["valid"] == "yes"]
        self.bidders = bidders(items)
        self.winners = winners(items)
        consult = re.compile("管理|工程技术")
        self.agencies = [(c, n) for c, n, _ in self.bidders if consult.search(n)]
        self.builders = [b for b in self.bidders if not consult.search(b[1])]


# ---------------------------------------------------------------- small helpers

def guid(*parts):
    """Returns a made identifier of 32 hexadecimal characters."""
    return hashlib.md5("/".join(str(p) for p in parts).encode()).hexdigest()


def epoch_ms(text):
    """Returns the milliseconds since 1970 of a Beijing time such as `2026-03-12 09:00`."""
    moment = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)
    return int(moment.timestamp() * 1000)


def day(base, days, time="09:00"):
    """Returns `base` (yyyy-mm-dd) and some days as `yyyy-mm-dd HH:MM`."""
    return f"{datetime.date.fromisoformat(base) + datetime.timedelta(days=days)} {time}"


def cents(amount):
    """Returns an amount rounded to 分."""
    return Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)


def masked(index):
    """Returns a masked person's name."""
    return "王李张刘陈杨赵黄周吴"[index % 10] + "**"


MOBILE = "1**********"
PHONE = "0***-********"
MAIL = "***@***"


# ---------------------------------------------------------------- subjects

def subjects(parties):
    """Writes the register of legal persons: two header rows, merged cells, text dates beside true dates, a total."""
    head = [
        ["序号", "主体名称", "统一社会信用代码", "主体类别", "主体角色", "登记信息", None, None, None, None, None, "联系信息", None, "更新日期"],
        [None, None, None, None, None, "登记地区划", "机构类别", "业务状态", "注册资本（万元）", "法定代表人", "营业期限至", "联系人", "联系电话", None],
    ]
    merged = ["A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:E2", "F1:K1", "L1:M1", "N1:N2"]
    groups = [
        ("招标人、采购人", [(c, n) for c, n in parties.bodies]),
        ("招标代理机构、采购代理机构", parties.agencies),
        ("投标人、供应商", [(c, n) for c, n, _ in parties.builders]),
        ("供应商", parties.winners),
    ]
    rows = []
    for role, members in groups:
        start = len(rows)
        for code, name in members:
            number = len(rows) + 1
            date = datetime.date(2026, 1, 5) + datetime.timedelta(days=number % 60)
            # Three ways to write a day in one column, as sheets filled by hand have them.
            shown = [date, f"{date.year}年{date.month}月{date.day}日", f"{date.year}/{date.month}/{date.day}"][number % 3]
            rows.append(
                [number, name, code, "法人或其他组织", role if len(rows) == start else None,
                 DIVISION_NOW.get(code[2:8], code[2:8]),
                 "3" if code[0] == "1" else "1", "1", (number * 37 % 90 + 10) * 100, masked(number), "长期",
                 masked(number + 3), PHONE, shown]
            )
        # The role is written once and merged over its group.
        merged.append(f"E{start + 3}:E{len(rows) + 2}")
    # FAULT a day that does not exist, at the last supplier: whoever looks that body up finds nobody.
    rows[-1][13] = "2026/2/30"

    def add(name, code, note_date="2026/3/10", role="其他"):
        number = len(rows) + 1
        person = masked(number)
        rows.append(
            [number, name, code, "法人或其他组织", role, code[2:8], "9", "1", 1000, person, "长期", person, PHONE, note_date]
        )

    # FAULT no name: codes that are real and valid, but stand nowhere beside a name.
    for identifier in parties.identifiers:
        if not identifier["name"] and identifier["valid"] == "yes":
            add("", identifier["credit_code"])
    # FAULT bad credit code, published so: a trading centre whose code fails its own check character.
    bad = next(i for i in parties.identifiers if i["name"] and i["valid"] == "no")
    add(bad["name"], bad["credit_code"])
    # FAULT the same body twice, the second row older than the first: the newer state must win.
    code, name = parties.bodies[0]
    add(name, code, "2025/12/31", role="招标人")
    total = ["合计", f"共 {len(rows)} 家"] + [None] * 6 + [sum(r[8] for r in rows)] + [None] * 5
    xlsx.write(HERE / "subjects" / "主体登记表_2026-03-12.xlsx", "主体登记", head + rows + [total], merged)
    return len(rows)


# ---------------------------------------------------------------- finance

FINANCE_COLUMNS = (
    "xmid bbid zbbh xmmc bbmc bbxh pmlb tzxmdm xzqh cgrmc cgrdm dljgmc dljgdm zzxs zbcgfsdm zbcgfsmc sfbgcgfs ysje "
    "lxsj zbgysmc zbje zbdj zbrq ggdz ggnr cgxmfzr fzrsj fzrdh shzt scbz lrr lrsj"
).split()
METHODS = {"公开招标": "1", "邀请招标": "2", "竞争性谈判": "3", "询价": "4", "单一来源": "5", "竞争性磋商": "6"}
DISTRICTS = ["420700", "420702", "420703", "420704"]


def finance_rows(parties):
    """Returns the sound rows: one a package, 25 real titles in three instalments of one to three packages."""
    titles = [t for t in table("titles.csv") if t["kind"] == "procurement"]
    amounts = [Decimal(t["amount_yuan"]) for t in titles if t["amount_yuan"]]
    rows = []
    project = 0
    for instalment, suffix in enumerate(["", "（第二批）", "（第三批）"]):
        for index, title in enumerate(titles):
            project += 1
            packages = 1 + (index + instalment) % 3
            whole = Decimal(title["amount_yuan"] or amounts[index % len(amounts)]) * (10 - instalment) / 10
            method = title["method"] or "单一来源"
            purchaser = parties.bodies[project % len(parties.bodies)]
            agency = parties.agencies[project % len(parties.agencies)]
            date = datetime.date(2026, 1, 5) + datetime.timedelta(days=project % 60)
            for package in range(1, packages + 1):
                number = len(rows) + 1
                budget = cents(whole / packages)
                price = cents(budget * (100 - number % 8) / 100)
                winner = parties.builders[number * 7 % len(parties.builders)]
                name = title["title"] + suffix
                entered = datetime.datetime(2026, 3, 2, 8, 0) + datetime.timedelta(minutes=37 * number)
                rows.append({
                    "xmid": str(project),
                    "bbid": str(1000 + number),
                    "zbbh": f"EZZC-2026-{project:04d}",
                    "xmmc": name,
                    "bbmc": f"{name}第{package}包" if packages > 1 else "",
                    "bbxh": str(package) if packages > 1 else "",
                    "pmlb": title["category"],
                    "tzxmdm": f"2026-{DISTRICTS[project % 4]}-83-01-{project:06d}" if title["category"] == "工程" else "",
                    "xzqh": DISTRICTS[project % 4],
                    "cgrmc": purchaser[1],
                    "cgrdm": purchaser[0],
                    "dljgmc": agency[1],
                    "dljgdm": agency[0],
                    "zzxs": ["集中采购", "部门集中采购", "分散采购"][project % 3],
                    # The same code as a whole number and as the decimal that a spreadsheet makes of it.
                    "zbcgfsdm": METHODS[method] + ("" if number % 2 else ".0"),
                    "zbcgfsmc": method,
                    "sfbgcgfs": "0",
                    # Thousands separators in every third row, as exports have them.
                    "ysje": f"{budget:,}" if number % 3 == 0 else str(budget),
                    "lxsj": date.strftime("%Y-%m-%d 09:00:00"),
                    "zbgysmc": winner[1],
                    "zbje": f"{price}元" if number % 5 == 0 else str(price),
                    "zbdj": "",
                    "zbrq": award_date(date + datetime.timedelta(days=30), number),
                    "ggdz": f"http://czj.example/zbjg/{1000 + number}",
                    "ggnr": f"{name}的中标（成交）供应商为{winner[1]}，中标（成交）金额{price}元。",
                    "cgxmfzr": masked(project),
                    "fzrsj": MOBILE,
                    "fzrdh": PHONE,
                    "shzt": "1" if number % 3 else "1.0",
                    "scbz": "0",
                    "lrr": masked(number + 5),
                    "lrsj": entered.strftime("%Y-%m-%d %H:%M:%S"),
                })
    return rows


def award_date(date, number):
    """Returns a day in one of the four forms that the department's clerks use."""
    return [
        f"{date.year}/{date.month}/{date.day}",
        date.strftime("%Y-%m-%d"),
        f"{date.year}年{date.month}月{date.day}日",
        date.strftime("%Y%m%d"),
    ][number % 4]


def finance_line(row):
    """Returns one line of the file in GBK."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([row[c] for c in FINANCE_COLUMNS])
    return out.getvalue().encode("gbk")


def finance(parties):
    """Writes the first drop, the increment four days later, and the first drop once more under another name."""
    rows = finance_rows(parties)
    base, later = rows[:-20], rows[-20:]
    copies = iter(range(9001, 9999))

    def faulty(pattern, **change):
        """Returns a row of its own project, like a sound one, with `change` made to it."""
        number = next(copies)
        row = dict(pattern, xmid=str(number), bbid=str(number), zbbh=f"EZZC-2026-{number}", bbxh="", bbmc="")
        row["ggdz"] = f"http://czj.example/zbjg/{number}"
        row.update(change)
        return row

    first = [finance_line(r) for r in base]
    # FAULT not passed by the audit (0), or sent back (2.0): not to be taken at all.
    for n in range(10):
        first.append(finance_line(faulty(base[n], shzt="0" if n % 2 else "0.0")))
    for n in range(4):
        first.append(finance_line(faulty(base[20 + n], shzt="2.0")))
    # FAULT "0元": an amount is promised and none is given.
    first.append(finance_line(faulty(base[30], zbje="0元")))
    first.append(finance_line(faulty(base[31], zbje="0.00")))
    # FAULT placeholders where a supplier or a code should stand.
    first.append(finance_line(faulty(base[32], zbgysmc="详见附件")))
    first.append(finance_line(faulty(base[33], cgrdm="无")))
    # FAULT suppliers that nobody has registered yet: real names from the notices, whose codes are not known here.
    first.append(finance_line(faulty(base[34], zbgysmc="青岛高校电子有限公司")))
    first.append(finance_line(faulty(base[35], zbgysmc="中国电信股份有限公司舟山分公司")))
    # FAULT bad credit codes: both are real and in circulation.
    first.append(finance_line(faulty(base[36], cgrdm="91359128593462349A")))
    first.append(finance_line(faulty(base[37], cgrmc="南平市公共资源交易中心", cgrdm="123507006919064000")))
    # FAULT a procurement method that no table knows.
    first.append(finance_line(faulty(base[38], zbcgfsdm="7.0", zbcgfsmc="框架协议采购")))
    # FAULT dates: one that does not exist, one that could be two days, one that is none.
    first.append(finance_line(faulty(base[39], zbrq="2026-02-30")))
    first.append(finance_line(faulty(base[40], zbrq="03/04/2026")))
    first.append(finance_line(faulty(base[41], zbrq="三月上旬")))
    # FAULT amounts that are none, or whose unit nobody knows.
    first.append(finance_line(faulty(base[42], zbje="贰拾壹万元整")))
    first.append(finance_line(faulty(base[43], zbje="3.5元/册")))
    # FAULT a project code longer than the 50 characters that travel.
    first.append(finance_line(faulty(base[44], zbbh="330521253680050000027-ZJXCXZF-2025-JC57-EZZC-2026-9044-01")))
    # FAULT a division that does not exist.
    first.append(finance_line(faulty(base[45], xzqh="420799")))
    # FAULT no key: nobody can tell which record this is.
    first.append(finance_line(faulty(base[46], bbid="")))
    # FAULT the version: typed as 2099 (clamped, with a warning), and not readable at all.
    first.append(finance_line(faulty(base[47], lrsj="2099-03-12 09:00:00")))
    first.append(finance_line(faulty(base[48], lrsj="昨天下午")))
    # FAULT one business key under two ids of the department.
    first.append(finance_line(dict(base[49], bbid="9900")))
    # FAULT a duplicate: the same row twice in one file.
    first.append(finance_line(base[50]))
    # FAULT an unmappable byte: 0xFF opens no character of GBK.
    broken = "体育场".encode("gbk") + b"\xff" + "座椅".encode("gbk")
    first.append(finance_line(faulty(base[51], xmmc="@@")).replace(b"@@", broken))
    # FAULT a row with a cell too few, and one with a cell too many (a comma in a title that was not quoted).
    first.append(finance_line(faulty(base[52])).rsplit(b",", 1)[0] + b"\r\n")
    first.append(finance_line(faulty(base[53], xmmc="@@")).replace(b"@@", "看台,座椅".encode("gbk")))
    head = ",".join(FINANCE_COLUMNS).encode() + b"\r\n"
    folder = HERE / "finance"
    (folder / "zbjg_20260313.csv").write_bytes(head + b"".join(first))
    # FAULT the same file dropped twice: known by its digest.
    (folder / "zbjg_20260313_resend.csv").write_bytes(head + b"".join(first))

    second = [finance_line(r) for r in later]
    newer = "2026-03-16 16:{:02d}:00"
    for n in range(6):
        # A correction of the amount, entered later: an update.
        row = dict(base[60 + n], lrsj=newer.format(n))
        row["zbje"] = str(cents(Decimal(row["zbje"].rstrip("元")) - 100))
        second.append(finance_line(row))
    for n in range(4):
        # Exported again as it was: unchanged.
        second.append(finance_line(base[70 + n]))
    for n in range(2):
        # FAULT an older state that arrives after the newer one: superseded.
        second.append(finance_line(dict(base[80 + n], zbje="1.00", lrsj="2026-02-01 08:00:00")))
    for n in range(3):
        # FAULT withdrawn by the department's own flag.
        second.append(finance_line(dict(base[90 + n], scbz="1", lrsj=newer.format(20 + n))))
    # FAULT back to the audit after it was passed: the record stays, and a person is told.
    second.append(finance_line(dict(base[95], shzt="0", lrsj=newer.format(30))))
    # One that waited for the audit and has passed it now.
    passed = dict(base[0], xmid="9001", bbid="9001", zbbh="EZZC-2026-9001", bbxh="", bbmc="")
    second.append(finance_line(dict(passed, shzt="1", lrsj=newer.format(31))))
    # FAULT a quote that is never closed, in the last row: it takes no neighbour with it.
    second.append(finance_line(faulty(base[54], xmmc="@@")).replace(b"@@", '"看台座椅'.encode("gbk")))
    (folder / "zbjg_20260317.csv").write_bytes(head + b"".join(second))
    return len(first), len(second), rows


# ---------------------------------------------------------------- ezhou

PHASES = ["", "（室外工程）", "（附属配套）", "（照明工程）", "（给排水工程）", "（维修改造）"]
INDUSTRY = {"房屋建筑": "E47", "市政": "E48", "水利": "E48"}
KINDS = [("施工", "A08"), ("监理", "A05"), ("设备采购", "B01")]
# The first eleven characters of every construction code here: letter, division, number of the platform.
PLATFORM = "E4207000001"


def ezhou_projects(parties):
    """Returns the award rows, one a section: 60 projects from ten real titles, with one to three sections each."""
    titles = [t for t in table("titles.csv") if t["kind"] == "construction"]
    rows = []
    for phase, suffix in enumerate(PHASES):
        for index, title in enumerate(titles):
            number = phase * len(titles) + index + 1
            rows += ezhou_sections(parties, number, title["title"] + suffix, title["category"], 1 + (number - 1) % 3)
    return rows


def ezhou_sections(parties, number, name, category, sections):
    """Returns the rows of one project."""
    project_code = f"{PLATFORM}{number:06d}"
    tender_code = project_code + "001"
    tenderer = parties.bodies[number % len(parties.bodies)]
    agency = parties.agencies[number % len(parties.agencies)]
    district = DISTRICTS[number % 4]
    start = day("2026-01-04", number % 40)[:10]
    codes = [f"{tender_code}{s:03d}" for s in range(1, sections + 1)]
    fixed = number % 2
    project = {
        "xm_BH": project_code, "xm_Name": name, "xingZhengQH": district, "guDingZC": fixed,
        "touZiXMDM": f"2026-{district}-48-01-{number:06d}" if fixed else None,
        "xm_DiZhi": f"鄂州市{['', '梁子湖区', '华容区', '鄂城区'][number % 4]}",
        "hangYeBB": "GB/T 4754-2017", "hangYeDM": INDUSTRY[category],
        "ziJinLY": ["财政资金", "自筹资金", "财政资金及自筹"][number % 3], "jianSheGM": f"{name}，按批复的规模建设",
        "lianXiR": masked(number), "lianXiDH": PHONE, "piFuWJ": f"关于{name}的批复",
        "piFuWH": f"鄂州发改审批〔2026〕{number}号", "chuangJianSJ": epoch_ms(day(start, -30)),
    }
    tender = {
        "gcBH": tender_code, "gcName": f"{name}招标", "zbRName": tenderer[1], 
        "yiFaZB": "是", "zuZhiXS": "委托招标", "lianHeZB": "否",
        "zbNeiRong": f"{name}的{'、'.join(k for k, _ in KINDS[:sections])}",
        "jianDuBM": "鄂州市住房和城乡建设局", "shenHeBM": "鄂州市公共资源交易监督管理局", "shenBaoR": masked(number + 1),
        "chuangJianSJ": epoch_ms(day(start, -20)), "xm": project,
    }
    notice = {
        "ggBT": f"{name}招标公告", "ggNR": f"{name}已由有关部门批准建设，现对该项目进行公开招标，共{sections}个标段。",
        "ggSJ": epoch_ms(start + " 10:00"), "ggMT": "湖北省公共资源交易电子服务系统；中国招标投标公共服务平台",
        "ggXZ": "正常公告", "ggLX": "招标公告", "ggDZ": f"http://ggzy.example/zbgg/{guid('zbgg', number)}",
        "wjKS": epoch_ms(start + " 10:00"), "wjJZ": epoch_ms(day(start, 7, "17:00")), "wjHQFS": "网上下载",
        "tbJZ": epoch_ms(day(start, 25)), "kbSJ": epoch_ms(day(start, 25)), "kbFS": "网上开标", "tbDJFS": "网上递交",
        "lianHeTi": "否", "zbRDZ": "详见招标文件所载地址", "zbRLXR": masked(number), "zbRDH": PHONE, "zbRYX": MAIL,
        "dlDZ": "详见招标文件所载地址", "dlLXR": masked(number + 2), "dlDH": PHONE, "dlYX": MAIL,
        "faBuR": masked(number + 2), "yanZhengR": masked(number + 4), "bdShu": sections, "bdBHs": "、".join(codes),
    }
    rows = []
    for s, code in enumerate(codes):
        kind, section_class = KINDS[s]
        winner = parties.builders[(number * 3 + s * 11) % len(parties.builders)]
        # 万元 with four places to 分: exact.
        bid = int(winner[2] * 1_000_000)
        section = {
            "bdBH": code, "bdName": f"{name}{kind}标段", "zbCiShu": 1, "bdNeiRong": f"{name}的{kind}",
            "bdFenLei": section_class, "guSuanJE": (bid * 106 // 100) // 100 * 100, "ziGeTJ": f"具备承担{kind}的相应资格",
            "jiHuaKG": epoch_ms(day(start, 60)), "gongQi": 360, "chuangJianSJ": epoch_ms(day(start, -10)), "gc": tender,
        }
        end = day(start, 30)
        rows.append({
            "guid": guid("zbgs", number, s), "yuanXiTongId": f"EZ{number:04d}{s + 1}", "title": f"{name}{kind}标段中标结果公告",
            "gongChengType": {"房屋建筑": "1", "市政": "2", "水利": "7"}[category], "gongChengTypeText": category,
            "bd": section, "tbrName": winner[1], "zhongBiaoJE": bid, "xiangMuJiLi": masked(number + s),
            "zbgsStartTime": epoch_ms(end), "zbgsEndTime": epoch_ms(day(end[:10], 3)), "zbrAndLht": tenderer[1],
            "zbdlJG": agency[1], "zbFangShi": "公开招标", "zhongBiaoGQ": "360日历天", "ziGeDengJi": None, "ziGeZhengShu": None,
            "gsXZ": "正常公告", "gsLX": "中标结果公告", "zbgg": notice, "gengXinSJ": epoch_ms(end),
        })
    return rows


def ezhou_awards(parties):
    """Writes the award rows of two days; returns the sections that failed, for the exceptions."""
    rows = ezhou_projects(parties)
    single = [r for r in rows if r["bd"]["gc"]["zbNeiRong"].endswith("的施工")]
    failed = [r for r in rows if r["bd"]["bdBH"].endswith("002")][:6]
    # A section without a winner: it stays a section, and its exception report tells why.
    for row in failed:
        row.update(tbrName=None, zhongBiaoJE=None, zbgsStartTime=None, zbgsEndTime=None, xiangMuJiLi=None)
    # FAULT an award of nothing, and a placeholder for the winner.
    single[0].update(zhongBiaoJE=0)
    single[1].update(zhongBiaoJE=0)
    single[2].update(tbrName="详见附件")
    # FAULT a winner that nobody has registered: its code is not known here (the name is real).
    single[3].update(tbrName="安徽芊程建设工程有限公司")
    # FAULT a publication time in words where milliseconds are due.
    single[4].update(zbgsStartTime="见公告")
    # FAULT an unknown way of tendering: the tender project is refused, its section and notice wait for it.
    single[5].update(zbFangShi="竞争性谈判")
    # FAULT a class of section that the standard does not have.
    single[6]["bd"].update(bdFenLei="Z99")
    # FAULT the investment code is missing though the project is one of fixed assets: everything below it waits.
    odd = next(r for r in single[7:] if r["bd"]["gc"]["xm"]["guDingZC"] == 1)
    odd["bd"]["gc"]["xm"]["touZiXMDM"] = None
    # FAULT a tender code of 22 characters from another province's local platform (real): wrong at every level below.
    single[-1]["bd"]["gc"]["gcBH"] = "E473501022007160002002"
    # FAULT records of a test on the live system: not to be taken.
    tests = []
    for n in range(3):
        test = json.loads(json.dumps(rows[n]))
        test.update(guid=guid("test", n), title="测试" + test["title"], yuanXiTongId=f"CS{n}")
        tests.append(test)
    write_json("ezhou/zbgs_20260312.json", {"total": len(rows) + 3, "totalPage": 1, "rows": rows + tests})
    # Three days later: four corrected amounts, four rows as they were, two older states that must lose.
    newer = epoch_ms("2026-03-15 11:00")
    second = [dict(r, zhongBiaoJE=r["zhongBiaoJE"] - 100_00, gengXinSJ=newer) for r in single[10:14]] + single[14:18]
    # FAULT an older state that arrives late: superseded.
    second += [dict(r, zhongBiaoJE=1_00, gengXinSJ=epoch_ms("2025-12-01 09:00")) for r in (single[7], single[9])]
    write_json("ezhou/zbgs_20260315.json", {"total": len(second), "totalPage": 1, "rows": second})
    return rows, second, failed


def section_codes(section, tender, project):
    """Returns the codes of a section as they are nested in every row."""
    return {"bdBH": section, "gc": {"gcBH": tender, "xm": {"xm_BH": project}}}


def ezhou_exceptions(failed):
    """Writes the exception reports; their sections come with the award rows, so they wait first and then go."""
    rows = []
    for n, row in enumerate(failed):
        start, tender = epoch_ms(day("2026-02-20", n)), row["bd"]["gc"]
        rows.append({
            "guid": guid("ycgg", n), "title": f"{row['bd']['bdName']}招标异常公告",
            "gongChengTypeText": row["gongChengTypeText"],
            "bd": section_codes(row["bd"]["bdBH"], tender["gcBH"], tender["xm"]["xm_BH"]),
            "yiChangLeiXing": [1, 2, 9][n % 3], "yiChangMS": "递交投标文件的投标人少于三家", "shenPiJG": "同意",
            "shenPiTime": start, "gongShiStartDate": start, "gongShiEndDate": start + 3 * 86_400_000,
        })

    def more(key, **change):
        title = f"{rows[0]['bd']['bdBH']}异常公告（{key}）"
        rows.append(dict(json.loads(json.dumps(rows[0])), guid=guid("ycgg", key), title=title, **change))

    # FAULT a kind of exception that the source's own table does not name, though the standard has that digit.
    more("unknown", yiChangLeiXing=3)
    # FAULT no time of approval.
    more("no time", shenPiTime=None)
    # FAULT a late parent that never comes: the section belongs to a project of another year.
    for n in (1, 2):
        code = f"{PLATFORM}90000{n}001"
        more(f"late {n}", bd=section_codes(f"{code}001", code, code[:17]))
    rows.append(dict(json.loads(json.dumps(rows[0])), guid=guid("ycgg", "test"), title="测试异常公告"))  # FAULT a test
    write_json("ezhou/ycgg_20260312.json", {"total": len(rows), "totalPage": 1, "rows": rows})
    return len(rows)


def ezhou_listing(rows):
    """Writes the listing of notices; those of procurement belong to projects that only the finance department gives."""
    projects = {}
    for row in rows:
        projects.setdefault(row["zbbh"], []).append(row)
    out = []

    def entry(key, number, title, kind, text, content, trade="20", flag="0"):
        date = day("2026-02-02", len(out) % 30)
        out.append({
            "gongShiGuid": guid("gsgg", key), "yuanXiTongId": f"GG{len(out) + 1:04d}", "bianHao": number,
            "title": title, "type": trade, "caiDanBianHao": f"{trade}{kind}", "gongShiType": kind,
            "gongShiTypeText": text, "gongChengType": "", "gongChengTypeText": "", "gongChengLeiBie": "",
            "gongChengLeiBieText": "", "faBuStartTimeText": date + ":00", "faBuShortTimeText": f"[ {date[:10]} ]",
            "fromType": "3" if trade == "20" else "2", "douDiFlag": "0", "cgptflag": flag, "content": content,
        })

    for number, packages in list(projects.items())[:34]:
        first = packages[0]
        codes = "、".join(package_code(p) for p in packages)
        closing = day("2026-02-20", len(out) % 20, "09时30分")
        content = (
            f"<p>项目编号：{number}</p><p>项目名称：{first['xmmc']}</p><p>采购类别：{first['pmlb']}</p>"
            f"<p>包数：{len(packages)}</p><p>包号：{codes}</p><p>采购方式：{first['zbcgfsmc']}</p>"
            f"<p>发布媒体：湖北省政府采购网</p><p>响应文件提交截止时间：{closing}</p>"
        )
        entry(number, number, f"{first['xmmc']}{first['zbcgfsmc']}公告", "70", "采购公告", content)
    for number, packages in list(projects.items())[:5]:
        first = packages[0]
        postponed = number.endswith(("2", "4"))
        change = "响应文件提交截止时间延期至2026-03-09 09时30分" if postponed else "技术参数更正，其余不变"
        content = (
            f"<p>项目编号：{number}</p><p>项目名称：{first['xmmc']}</p><p>采购类别：{first['pmlb']}</p>"
            f"<p>包号：{package_code(first)}</p><p>更正内容：{change}</p>"
        )
        entry("bg" + number, number, f"{first['xmmc'][:30]}更正公告", "170", "变更公示", content)
    # FAULT a key that another system owns: the city's site shows a correction which the portal has published too.
    title = "生态运动公园体育场屋面阳光板更换项目竞争性磋商更正公告"
    content = (
        "<p>项目编号：JQ2026-CS-02</p><p>项目名称：生态运动公园体育场屋面阳光板更换项目</p><p>采购类别：工程</p><p>包号：JQ2026-CS-02</p>"
        "<p>更正内容：工程量清单上传错误，请重新下载查看</p>"
    )
    entry("jq", "JQ2026-CS-02", title, "170", "变更公示", content)
    # FAULT a notice whose closing time is missing.
    number, packages = list(projects.items())[40]
    content = (
        f"<p>项目名称：{packages[0]['xmmc']}</p><p>采购类别：{packages[0]['pmlb']}</p><p>包数：{len(packages)}</p>"
        f"<p>包号：{'、'.join(map(package_code, packages))}</p><p>发布媒体：湖北省政府采购网</p>"
    )
    entry("no time", number, f"{packages[0]['xmmc']}采购公告", "70", "采购公告", content)
    # FAULT a test on the live site, and rows of other trades that no mapping takes.
    entry("test", "CS-0001", "测试采购公告", "70", "采购公告", "<p>测试</p>")
    for n in range(4):
        entry(f"other{n}", f"EZGC-{n}", f"其他交易公告{n + 1}", "110", "其他", "<p>其他</p>", trade="50")
    write_json("ezhou/gsgg_20260312.json", {"total": len(out), "totalPage": 1, "rows": out})
    return len(out)


def package_code(row):
    """Returns the code of a package: the project's own where it has none."""
    return f"{row['zbbh']}-{row['bbxh']}" if row["bbxh"] else row["zbbh"]


def write_json(name, value):
    """Writes one JSON file, readable and stable."""
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main():
    """Writes everything and prints how many rows each file has."""
    parties = Parties()
    print("subjects:", subjects(parties))
    first, second, rows = finance(parties)
    print("finance:", first, second)
    awards, update, failed = ezhou_awards(parties)
    print("ezhou:", len(awards), len(update), ezhou_exceptions(failed), ezhou_listing(rows))


if __name__ == "__main__":
    main()
