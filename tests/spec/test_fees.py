"""What a client pays, to the cent, against amounts reckoned by hand from the sources' tables."""


def test_home_care_takes_a_percentage_of_the_income_above_the_limit(fee_spec):
    """2022-23: limits 598 (one person), 1103 (two), +356 for each beyond six; percentages by hours and household."""
    fee_spec("home_care", """
        household_size | service_hours_month | gross_income_eur_month | amount
        1              | 4                   | 1598                   | 80.00
        1              | 1                   | 1598                   | 80.00
        1              | 5                   | 1598                   | 100.00
        1              | 8                   | 1598                   | 160.00
        1              | 16                  | 1598                   | 240.00
        1              | 17                  | 1598                   | 245.00
        1              | 37                  | 1598                   | 345.00
        1              | 38                  | 1598                   | 350.00
        1              | 200                 | 1598                   | 350.00
        2              | 5                   | 2103                   | 87.50
        2              | 23                  | 2103                   | 235.00
        2              | 24                  | 2103                   | 240.00
        3              | 22                  | 2731                   | 190.00
        4              | 16                  | 3140                   | 160.00
        5              | 12                  | 3591                   | 140.00
        6              | 8                   | 3976                   | 120.00
        8              | 8                   | 4688                   | 120.00
        1              | 10                  | 598                    | 0.00
        1              | 10                  | 100                    | 0.00
        1              | 10                  | 598.03                 | 0.01
    """, on="2023-06-01")  # fmt: skip


def test_a_fee_of_what_is_not_known_is_never_zero(fee_spec):
    fee_spec("home_care", """
        household_size | service_hours_month | gross_income_eur_month | amount
        1              | 10                  |                        | undecided: gross_income_eur_month
        1              |                     |                        | undecided: gross_income_eur_month, service_hours_month
                       |                     | 1500                   | undecided: service_hours_month, household_size
        20             |                     | 1500                   | undecided: service_hours_month
    """, on="2023-06-01")  # fmt: skip


def test_a_region_may_take_less(fee_spec):
    """Pohde 2026: no home-care fee under a gross income of 1,200 euros a month."""
    table = """
        gross_income_eur_month | amount
        1199.99                | {0}
        1200                   | 98.46
    """
    given = "household_size: 1, service_hours_month: 10"
    fee_spec("home_care", table.format("0.00"), region="pohjois-pohjanmaa", given=given)
    fee_spec("home_care", table.format("98.46"), given=given)


def test_housing_takes_a_share_and_leaves_an_allowance(fee_spec):
    """85 % of net income, a couple's 42.5 % of both, and at least 167 euros a month stays (2022-23)."""
    fee_spec("elder_housing", """
        net_income_eur_month | lived_with_spouse | spouse_net_income_eur_month | amount
        2000                 | false             |                             | 1700.00
        1000                 | false             |                             | 833.00
        150                  | false             |                             | 0.00
        2000                 | true              | 1000                        | 1275.00
        2000                 | true              |                             | undecided: spouse_net_income_eur_month
        2000                 |                   |                             | undecided: lived_with_spouse, spouse_net_income_eur_month
    """, on="2023-06-01")  # fmt: skip


def test_a_voucher_falls_with_income_but_not_below_its_least(fee_spec):
    """2014-15: 27 euros an hour less (income - 563) x 35 % / 60, at least 7."""
    fee_spec("home_care_voucher", """
        gross_income_eur_month | amount
        500                    | 27.00
        563                    | 27.00
        1563                   | 21.17
        3991                   | 7.00
        9000                   | 7.00
    """, on="2015-06-01")  # fmt: skip


def test_visits_cost_what_the_region_has_told(fee_spec):
    for formula, adult, child in (
        ("doctor_visit", "30.20", "0.00"),
        ("doctor_urgent", "41.40", "0.00"),
        ("outpatient_visit", "71.30", "71.30"),
        ("day_surgery", "233.80", "233.80"),
        ("no_show", "73.70", "0.00"),
        ("dentist", "19.10", "0.00"),
        ("dental_hygienist", "14.80", "0.00"),
    ):
        fee_spec(formula, f"age | amount\n 18 | {adult}\n 17 | {child}")
    fee_spec("doctor_visit", "age | amount\n 40 | 23.00", on="2024-06-01")


def test_serial_treatment_is_charged_45_times_a_year(fee_spec):
    fee_spec("serial_treatment", """
        serial_treatments_this_year | amount
        0                           | 12.80
        44                          | 12.80
        45                          | 0.00
    """)  # fmt: skip


def test_the_ceiling_leaves_only_what_is_left(fee_spec):
    """815 euros in 2026; a home-care fee does not count towards it."""
    fee_spec("doctor_visit", """
        fees_paid_this_year_eur | amount
        700                     | 30.20
        800                     | 15.00
        815                     | 0.00
        900                     | 0.00
    """, given="age: 40")  # fmt: skip
    fee_spec("home_care", """
        fees_paid_this_year_eur | amount
        815                     | 152.46
    """, given="household_size: 1, service_hours_month: 10, gross_income_eur_month: 1500")  # fmt: skip


def test_bands_of_any_shape(fee_spec):
    fee_spec("family_voucher", """
        age | household_size | amount
        0   | 3              | 620.00
        2   | 5              | 700.00
        6   | 4              | 510.00
        17  | 9              | 340.00
        18  | 2              | 0.00
    """)  # fmt: skip
