"""Who is granted what. The limits are invented for demonstration; the logic is what is held here."""


def test_one_scale_is_enough_and_a_missing_one_may_not_matter(spec):
    """Home care: any of three scales shows the need; what is not assessed leaves the matter open only if it could."""
    spec("home_care", """
        rai_maple | rai_adlh | rai_cps | decision
        3         |          |         | granted
        2         | 2        |         | granted
        2         | 1        | 2       | refused
        2         |          | 2       | undecided: rai_adlh
                  |          |         | undecided: rai_maple, rai_adlh, rai_cps
    """)  # fmt: skip


def test_need_and_place_are_both_required(spec):
    spec("home_care", """
        rai_maple | housing         | decision
        4         | own_home        | granted
        4         |                 | granted
        4         | round_the_clock | refused
        1         | round_the_clock | refused
    """, given="rai_adlh: 0, rai_cps: 0")  # fmt: skip


def test_a_refusal_stands_whatever_is_missing(spec):
    spec("elder_housing", """
        age | rai_maple | professional_supports | home_care_not_enough | decision
        64  |           |                       |                      | refused
        80  | 5         | true                  | true                 | granted
        80  | 5         | false                 | true                 | refused
        80  | 5         | true                  |                      | undecided: home_care_not_enough
    """, given="rai_adlh: 0, rai_cps: 0, housing: own_home")  # fmt: skip


def test_a_voucher_rests_on_home_care_itself(spec):
    """A service's criteria may name another service's: who would not get home care gets no voucher for it."""
    spec("home_care_voucher", """
        rai_maple | wants_voucher | decision
        4         | true          | granted
        4         | false         | refused
        1         | true          | refused
        4         |               | undecided: wants_voucher
    """, given="rai_adlh: 0, rai_cps: 0")  # fmt: skip


def test_a_budget_asks_for_hours_and_ability(spec):
    spec("personal_budget", """
        service_hours_month | manages_budget | decision
        10                  | true           | granted
        9                   | true           | refused
        30                  | false          | refused
        30                  |                | undecided: manages_budget
    """, given="housing: own_home")  # fmt: skip


def test_day_activity_for_the_lonely_the_frail_and_the_carers(spec):
    spec("day_centre_elderly", """
        age | lives_alone | has_informal_carer | decision
        70  | true        | false              | granted
        70  | false       | true               | granted
        70  | false       | false              | refused
        64  | true        | true               | refused
    """, given="rai_adlh: 0, rai_cps: 0, housing: own_home")  # fmt: skip


def test_rehabilitation_that_kela_arranges_is_not_the_countys(spec):
    spec("medical_rehabilitation", """
        has_functional_limitation | has_rehabilitation_plan | has_kela_rehabilitation | decision
        true                      | true                    | false                   | granted
        true                      | true                    | true                    | refused
        true                      | false                   | false                   | refused
        true                      | true                    |                         | undecided: has_kela_rehabilitation
    """)  # fmt: skip


def test_informal_care_needs_a_carer_who_can(spec):
    spec("informal_care_support", """
        has_informal_carer | carer_is_able | home_suits_care | professional_supports | decision
        true               | true          | true            | true                  | granted
        true               | false         | true            | true                  | refused
        false              |               |                 |                       | refused
        true               |               | true            | true                  | undecided: carer_is_able
    """, given="rai_adlh: 3, rai_cps: 0")  # fmt: skip


def test_an_assessment_in_seven_days_by_age_allowance_or_disability(spec):
    """Social Welfare Act, section 36 (677/2023): over 75 years of age, the highest care allowance, or a disabled person."""
    spec("needs_assessment", """
        age | highest_care_allowance | is_disabled_person | decision
        76  |                        |                    | granted
        75  | false                  | false              | refused
        75  |                        | false              | undecided: highest_care_allowance
        40  | true                   |                    | granted
        40  | false                  | true               | granted
        40  | false                  | false              | refused
        40  | false                  |                    | undecided: is_disabled_person
    """)  # fmt: skip


def test_an_invitation_by_age_or_diagnosis_once_a_round(spec):
    spec("vaccination_round", """
        age | has_diabetes | vaccinations_within_year | decision
        65  | false        | 0                        | granted
        40  | true         | 0                        | granted
        40  | true         | 1                        | refused
        40  | false        | 0                        | refused
        3   |              | 0                        | granted
    """, given="has_coronary_disease: false, has_asthma: false")  # fmt: skip


def test_family_service_is_for_children(spec):
    spec("family_home_service", """
        age | professional_supports | decision
        0   | true                  | granted
        17  | true                  | granted
        18  | true                  | refused
    """)  # fmt: skip
