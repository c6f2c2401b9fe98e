//! Divisions, parties, deal codes and tender codes: what a person is told of each.

use insta::assert_snapshot;

use super::{told, told_both, told_with};
use crate::schema::CheckOptions;

#[test]
fn divisions_exist_or_are_retired_or_neither() {
    assert_snapshot!(told_both("REGION", &["110103", "420799", "42"]), @r#"
    ~ 区划（REGION）：行政区划代码“110103”（崇文区）已撤销（依据：GB/T 2260）
      REGION (区划): division "110103" (崇文区) no longer exists [GB/T 2260]
    - 区划（REGION）：行政区划代码“420799”不存在（依据：GB/T 2260）
      REGION (区划): there is no division "420799" [GB/T 2260]
    - 区划（REGION）：行政区划代码“42”不存在（依据：GB/T 2260）
      REGION (区划): there is no division "42" [GB/T 2260]
    "#);
}

#[test]
fn a_composed_code_warns_of_parts_that_do_not_exist() {
    assert_snapshot!(told_both("AREA", &["156420799", "000420704", "15642070"]), @r#"
    ~ 地区（AREA）：“420799”不在代码集 region（行政区划 GB/T 2260）中（依据：数据规范 1）
      AREA (地区): "420799" is not in code set region (行政区划 GB/T 2260) [数据规范 1]
    ~ 地区（AREA）：“000”不在代码集 country（世界各国和地区名称代码 GB/T 2659 (3 digits)）中（依据：数据规范 1）
      AREA (地区): "000" is not in code set country (世界各国和地区名称代码 GB/T 2659 (3 digits)) [数据规范 1]
    - 地区（AREA）：长度 8，应为 9（依据：数据规范 1）
      AREA (地区): length 8, must be 9 [数据规范 1]
    "#);
}

#[test]
fn credit_codes_are_told_what_is_wrong() {
    assert_snapshot!(told_both("PLATFORM", &["91359128593462349A", "1232020046637267", "12320200466372674I", "无"]), @r#"
    - 平台（PLATFORM）：“91359128593462349A”不是有效的统一社会信用代码：末位校验码为 A，应为 R（依据：GB 32100-2015）
      PLATFORM (平台): "91359128593462349A" is no valid unified social credit code: the check character is A, should be R [GB 32100-2015]
    - 平台（PLATFORM）：“1232020046637267”不是有效的统一社会信用代码：长度 16，应为 18（依据：GB 32100-2015）
      PLATFORM (平台): "1232020046637267" is no valid unified social credit code: length 16, must be 18 [GB 32100-2015]
    - 平台（PLATFORM）：“12320200466372674I”不是有效的统一社会信用代码：第 18 位“I”不是允许的字符（依据：GB 32100-2015）
      PLATFORM (平台): "12320200466372674I" is no valid unified social credit code: character 18, "I", is not allowed there [GB 32100-2015]
    - 平台（PLATFORM）：“无”不是有效的统一社会信用代码：长度 1，应为 18（依据：GB 32100-2015）
      PLATFORM (平台): "无" is no valid unified social credit code: length 1, must be 18 [GB 32100-2015]
    "#);
}

#[test]
fn organisation_codes_are_told_what_is_wrong() {
    assert_snapshot!(told_both("ORGAN", &["46637267-4", "466372675"]), @r#"
    - 机构（ORGAN）：“46637267-4”不是有效的组织机构代码：长度 10，应为 9（依据：GB 11714-1997）
      ORGAN (机构): "46637267-4" is no valid organisation code: length 10, must be 9 [GB 11714-1997]
    - 机构（ORGAN）：“466372675”不是有效的组织机构代码：末位校验码为 5，应为 4（依据：GB 11714-1997）
      ORGAN (机构): "466372675" is no valid organisation code: the check character is 5, should be 4 [GB 11714-1997]
    "#);
}

#[test]
fn id_numbers_are_told_what_is_wrong() {
    assert_snapshot!(told_both("ID", &["110105194912310029", "11010519491331002X", "110105490231002", "123"]), @r#"
    - 证件号（ID）：“110105194912310029”不是有效的公民身份号码：末位校验码为 9，应为 X（依据：GB 11643-1999）
      ID (证件号): "110105194912310029" is no valid citizen ID number: the check character is 9, should be X [GB 11643-1999]
    - 证件号（ID）：“11010519491331002X”不是有效的公民身份号码：日期 19491331 不存在（依据：GB 11643-1999）
      ID (证件号): "11010519491331002X" is no valid citizen ID number: there is no day 19491331 [GB 11643-1999]
    - 证件号（ID）：“110105490231002”不是有效的公民身份号码：日期 490231 不存在（依据：GB 11643-1999）
      ID (证件号): "110105490231002" is no valid citizen ID number: there is no day 490231 [GB 11643-1999]
    - 证件号（ID）：“123”不是有效的公民身份号码：长度 3，应为 18（依据：GB 11643-1999）
      ID (证件号): "123" is no valid citizen ID number: length 3, must be 18 [GB 11643-1999]
    "#);
}

#[test]
fn another_document_than_the_citizens_card_has_a_length_only() {
    assert_snapshot!(told(&[("ID", "E12345678"), ("ID_TYPE", "02")]), @r#"
    ~ 证件类型（ID_TYPE）：代码集 id_card_type 的取值未知或不全，“02”无法核对（依据：数据规范 1）
      ID_TYPE (证件类型): code set id_card_type is not known in full; "02" cannot be checked [数据规范 1]
    "#);
    assert_snapshot!(told(&[("ID", "E123456789012345678"), ("ID_TYPE", "02")]), @r#"
    - 证件号（ID）：长度 19，超过上限 18（依据：数据规范 1）
      ID (证件号): length 19, at most 18 allowed [数据规范 1]
    ~ 证件类型（ID_TYPE）：代码集 id_card_type 的取值未知或不全，“02”无法核对（依据：数据规范 1）
      ID_TYPE (证件类型): code set id_card_type is not known in full; "02" cannot be checked [数据规范 1]
    "#);
}

#[test]
fn a_party_is_any_of_the_kinds_and_told_what_it_was_meant_to_be() {
    let texts =
        ["91359128593462349A", "466372675", "110105194912310029", "110105490231002", "鄂州市公共资源交易中心", "12345"];
    assert_snapshot!(told_both("PARTY", &texts), @r#"
    - 主体（PARTY）：“91359128593462349A”不是有效的统一社会信用代码：末位校验码为 A，应为 R（依据：GB 32100-2015）
      PARTY (主体): "91359128593462349A" is no valid unified social credit code: the check character is A, should be R [GB 32100-2015]
    - 主体（PARTY）：“466372675”不是有效的组织机构代码：末位校验码为 5，应为 4（依据：GB 11714-1997）
      PARTY (主体): "466372675" is no valid organisation code: the check character is 5, should be 4 [GB 11714-1997]
    - 主体（PARTY）：“110105194912310029”不是有效的公民身份号码：末位校验码为 9，应为 X（依据：GB 11643-1999）
      PARTY (主体): "110105194912310029" is no valid citizen ID number: the check character is 9, should be X [GB 11643-1999]
    - 主体（PARTY）：“110105490231002”不是有效的公民身份号码：日期 490231 不存在（依据：GB 11643-1999）
      PARTY (主体): "110105490231002" is no valid citizen ID number: there is no day 490231 [GB 11643-1999]
    - 主体（PARTY）：“鄂州市公共资源交易中心”不是统一社会信用代码或组织机构代码或公民身份号码（依据：数据规范 1）
      PARTY (主体): "鄂州市公共资源交易中心" is no credit code or organisation code or citizen ID number [数据规范 1]
    - 主体（PARTY）：“12345”不是统一社会信用代码或组织机构代码或公民身份号码（依据：数据规范 1）
      PARTY (主体): "12345" is no credit code or organisation code or citizen ID number [数据规范 1]
    "#);
}

#[test]
fn an_internal_code_is_accepted_with_a_warning_where_it_may_stand() {
    assert_snapshot!(told(&[("PARTIES", "部队-0711;12350100MB02709751;12350100MB02709752")]), @r#"
    ~ 多个主体（PARTIES）：“部队-0711”不是统一代码，按内部代码接受（依据：数据规范 1）
      PARTIES (多个主体): "部队-0711" is no standard code and is taken as an internal one [数据规范 1]
    - 多个主体（PARTIES）：“12350100MB02709752”不是有效的统一社会信用代码：末位校验码为 2，应为 1（依据：GB 32100-2015）
      PARTIES (多个主体): "12350100MB02709752" is no valid unified social credit code: the check character is 2, should be 1 [GB 32100-2015]
    "#);
}

#[test]
fn deal_codes_are_told_what_is_wrong() {
    let texts = [
        "A99-91359128593462349A-20170601-002267-T",
        "Z01-12350100MB02709751-20190627-527731-5",
        "D01-12350100MB02709751-20190631-527731-5",
        "D0112350100MB02709751-20190627-527731-555",
        "D01-12350100MB02709751-20190627-52773-5",
        "D01-12350100MB02709751-20190627-52773X-5",
        "E77-12350100MB02709751-20190627-527731-5",
    ];
    assert_snapshot!(told_both("DEAL", &texts), @r#"
    - 交易码（DEAL）：“A99-91359128593462349A-20170601-002267-T”不是统一交易标识码：其中的统一社会信用代码 91359128593462349A 无效（依据：数据规范 统一交易标识码编码方案）
      DEAL (交易码): "A99-91359128593462349A-20170601-002267-T" is no unified deal code: the credit code 91359128593462349A in it is not valid [数据规范 统一交易标识码编码方案]
    - 交易码（DEAL）：“Z01-12350100MB02709751-20190627-527731-5”不是统一交易标识码：交易分类 Z01 不存在（依据：数据规范 统一交易标识码编码方案）
      DEAL (交易码): "Z01-12350100MB02709751-20190627-527731-5" is no unified deal code: there is no trade class Z01 [数据规范 统一交易标识码编码方案]
    - 交易码（DEAL）：“D01-12350100MB02709751-20190631-527731-5”不是统一交易标识码：日期 20190631 不存在（依据：数据规范 统一交易标识码编码方案）
      DEAL (交易码): "D01-12350100MB02709751-20190631-527731-5" is no unified deal code: there is no day 20190631 [数据规范 统一交易标识码编码方案]
    - 交易码（DEAL）：“D0112350100MB02709751-20190627-527731-555”不是统一交易标识码：长度 41，应为 40（依据：数据规范 统一交易标识码编码方案）
      DEAL (交易码): "D0112350100MB02709751-20190627-527731-555" is no unified deal code: length 41, must be 40 [数据规范 统一交易标识码编码方案]
    - 交易码（DEAL）：“D01-12350100MB02709751-20190627-52773-5”不是统一交易标识码：长度 39，应为 40（依据：数据规范 统一交易标识码编码方案）
      DEAL (交易码): "D01-12350100MB02709751-20190627-52773-5" is no unified deal code: length 39, must be 40 [数据规范 统一交易标识码编码方案]
    - 交易码（DEAL）：“D01-12350100MB02709751-20190627-52773X-5”不是统一交易标识码：第 38 位“X”不是允许的字符（依据：数据规范 统一交易标识码编码方案）
      DEAL (交易码): "D01-12350100MB02709751-20190627-52773X-5" is no unified deal code: character 38, "X", is not allowed there [数据规范 统一交易标识码编码方案]
    ~ 交易码（DEAL）：代码集 trade_class 的取值未知或不全，“E77”无法核对（依据：数据规范 1）
      DEAL (交易码): code set trade_class is not known in full; "E77" cannot be checked [数据规范 1]
    ~ 交易码（DEAL）：统一交易标识码“E77-12350100MB02709751-20190627-527731-5”的校验码为 5，应为 4（依据：GB/T 17710 MOD 37-2）
      DEAL (交易码): the check character of deal code "E77-12350100MB02709751-20190627-527731-5" is 5, should be 4 [GB/T 17710 MOD 37-2]
    "#);
}

#[test]
fn a_deal_codes_check_character_warns_and_the_warning_can_be_switched_off() {
    let real = [("DEAL", "D01-12350100MB02709751-20190627-527731-5")];
    assert_snapshot!(told(&real), @r#"
    ~ 交易码（DEAL）：统一交易标识码“D01-12350100MB02709751-20190627-527731-5”的校验码为 5，应为 7（依据：GB/T 17710 MOD 37-2）
      DEAL (交易码): the check character of deal code "D01-12350100MB02709751-20190627-527731-5" is 5, should be 7 [GB/T 17710 MOD 37-2]
    "#);
    assert_eq!(told_with(&real, &CheckOptions { deal_code_check: false, ..CheckOptions::default() }), "");
}

#[test]
fn tender_codes_are_told_what_is_wrong() {
    let texts = [
        "E473501022007160002002",
        "E350801080180042800",
        "E9908010801800428001",
        "E350801080180042800A",
        "鄂3508010801800428001",
    ];
    assert_snapshot!(told_both("TENDER", &texts), @r#"
    - 招标项目编号（TENDER）：“E473501022007160002002”不符合编号的组成规则：是地方监管平台的 22 位编号（三位行业类别、行政区划、日期、序号），标准编号为 20 位（依据：电子招标投标系统技术规范 B.3.4）
      TENDER (招标项目编号): "E473501022007160002002" does not follow the composition of the code: it is a local platform's code of 22 characters (class of three, division, date, serial); the standard's has 20 [电子招标投标系统技术规范 B.3.4]
    - 招标项目编号（TENDER）：“E350801080180042800”不符合编号的组成规则：长度 19，应为 20（依据：电子招标投标系统技术规范 B.3.4）
      TENDER (招标项目编号): "E350801080180042800" does not follow the composition of the code: length 19, must be 20 [电子招标投标系统技术规范 B.3.4]
    - 招标项目编号（TENDER）：“E9908010801800428001”不符合编号的组成规则：行政区划 990801 不存在（依据：电子招标投标系统技术规范 B.3.4）
      TENDER (招标项目编号): "E9908010801800428001" does not follow the composition of the code: there is no division 990801 [电子招标投标系统技术规范 B.3.4]
    - 招标项目编号（TENDER）：“E350801080180042800A”不符合编号的组成规则：第 20 位“A”不是允许的字符（依据：电子招标投标系统技术规范 B.3.4）
      TENDER (招标项目编号): "E350801080180042800A" does not follow the composition of the code: character 20, "A", is not allowed there [电子招标投标系统技术规范 B.3.4]
    - 招标项目编号（TENDER）：“鄂3508010801800428001”不符合编号的组成规则：第 1 位“鄂”不是允许的字符（依据：电子招标投标系统技术规范 B.3.4）
      TENDER (招标项目编号): "鄂3508010801800428001" does not follow the composition of the code: character 1, "鄂", is not allowed there [电子招标投标系统技术规范 B.3.4]
    "#);
    assert_snapshot!(told_both("PROJECT", &["e3508010801800428"]), @r#"
    - 项目编号（PROJECT）：“e3508010801800428”不符合编号的组成规则：第 1 位“e”不是允许的字符（依据：电子招标投标系统技术规范 B.3.2）
      PROJECT (项目编号): "e3508010801800428" does not follow the composition of the code: character 1, "e", is not allowed there [电子招标投标系统技术规范 B.3.2]
    "#);
    assert_snapshot!(told_both("INVEST", &["2019-420704-4803--012345", "无"]), @r#"
    - 投资码（INVEST）：“2019-420704-4803--012345”不符合编号的组成规则：连字符的位置不对（依据：数据规范 1）
      INVEST (投资码): "2019-420704-4803--012345" does not follow the composition of the code: the hyphens do not stand where they must [数据规范 1]
    - 投资码（INVEST）：“无”不符合编号的组成规则：长度 1，应为 24（依据：数据规范 1）
      INVEST (投资码): "无" does not follow the composition of the code: length 1, must be 24 [数据规范 1]
    "#);
}

#[test]
fn tender_codes_begin_with_the_code_of_what_they_belong_to() {
    let values = [
        ("PROJECT", "E3508010801800428"),
        ("TENDER", "E3505050602100001001"),
        ("SECTIONS", "E3505050602100001001001;E3508010801800428001001"),
    ];
    assert_snapshot!(told(&values), @r#"
    - 招标项目编号（TENDER）：“E3505050602100001001”不以 项目编号“E3508010801800428”开头（依据：电子招标投标系统技术规范 B.3.4）
      TENDER (招标项目编号): "E3505050602100001001" does not begin with 项目编号 "E3508010801800428" [电子招标投标系统技术规范 B.3.4]
    - 标段编号（SECTIONS）：“E3508010801800428001001”不以 招标项目编号“E3505050602100001001”开头（依据：电子招标投标系统技术规范 B.3.5）
      SECTIONS (标段编号): "E3508010801800428001001" does not begin with 招标项目编号 "E3505050602100001001" [电子招标投标系统技术规范 B.3.5]
    "#);
}
