"""Which address is which page, who may open it and send its form. What is not said to be everybody's takes an action of the table."""

from django.urls import URLPattern, path

from torni.core.brought import brought
from torni.facts.rights import EVERYBODY, SIGNED_IN
from torni.web.access import View, only
from torni.web.views import (
    account,
    alerts,
    case,
    case_letters,
    case_steps,
    chains,
    changes,
    decide,
    events,
    fhir,
    guide,
    inbox,
    intake,
    live,
    mine,
    network,
    pages,
    persons,
    policy,
    records,
    rehearse,
    report,
    room_health,
    room_pages,
    rules,
    sapluuna,
    search,
    tower,
    waiting,
    work,
)


def at(route: str, view: View, may: str, *, form: str | None = None) -> URLPattern:
    """An address: whose it is to read, and to whom its form belongs; without one nothing can be sent there."""
    return path(route, only(may, view, form=form))


urlpatterns = [
    at("", pages.start, EVERYBODY),
    at("language/<str:code>/", pages.choose_language, EVERYBODY),
    at("data/", pages.data, EVERYBODY),
    at("health/", pages.health, EVERYBODY),
    at("health", pages.health, EVERYBODY),
    at("events", events.receive, EVERYBODY),  # by a feed's key
    at("policy-reports", policy.forbidden, EVERYBODY),  # by a browser itself
    at("openapi.json", events.openapi, EVERYBODY),
    at("fhir/metadata", fhir.metadata, EVERYBODY),  # what is a client's, by a producer's feed's key
    at("fhir/<str:kind>", fhir.search, EVERYBODY),
    at("fhir/<str:kind>/<str:id_>", fhir.one, EVERYBODY),
    at("fhir/", fhir.unknown, EVERYBODY),
    at("fhir/<path:rest>", fhir.unknown, EVERYBODY),
    at("sign-in/", account.sign_in, EVERYBODY, form=EVERYBODY),
    at("sign-in/provider/", account.provider, EVERYBODY),
    at("sign-in/provider/back/", account.provider_back, EVERYBODY),
    at("sign-out/", account.sign_out, EVERYBODY, form=EVERYBODY),
    at("me/", account.me, SIGNED_IN, form=SIGNED_IN),
    at("me/everything.json", account.everything, "own_services"),
    at("me/guidance.fhir.json", fhir.own_file, "own_services"),
    at("mine/", mine.mine, "own_services", form="own_services"),
    at("mine/letter/<int:decided>.<str:form>", mine.letter_file, "own_services"),
    at("mine/letter/<str:kind>/<int:about>.<str:form>", case_letters.own_file, "own_services"),
    # what has been decided, and what open data tell, is everybody's; what happens to people is not (the view tells which)
    at("<str:region>/", tower.tower, EVERYBODY),
    at("<str:region>/promise/<str:promise_id>/", tower.promise, EVERYBODY),
    at("<str:region>/promise/<str:promise_id>/mend/", tower.mend, EVERYBODY),
    at("<str:region>/promise/<str:promise_id>/rows/", live.rows, "live_rows"),
    at("<str:region>/moments/", live.compare, "live_tower"),
    at("<str:region>/alerts/", alerts.alerts, "live_tower"),
    at("<str:region>/alerts/<str:alert>/", alerts.alert, "live_tower", form="handle_alert"),
    at("<str:region>/report/", report.welfare, "report"),
    at("<str:region>/report.pdf", report.welfare_pdf, "report"),
    at("<str:region>/room/", room_health.the_room, "live_tower", form="ask_job"),
    at("<str:region>/checkpoint.txt", room_health.checkpoint, EVERYBODY),
    at("<str:region>/search/", search.search, EVERYBODY, form=EVERYBODY),  # clients, to those who may ask for them
    at("<str:region>/waiting/", waiting.waiting, "waiting"),
    at("<str:region>/own/", live.own, "own_promises"),
    at("<str:region>/inbox/", inbox.inbox, "inbox"),
    at("<str:region>/inbox/<int:position>/", inbox.plan, "inbox", form="inbox"),
    at("<str:region>/inbox/<int:position>/question/", inbox.question, "inbox", form="inbox"),
    at("<str:region>/worklist/", work.work, "worklist"),
    at("<str:region>/intake/", intake.intake, "case", form="case"),
    at("<str:region>/case/<int:position>/", case.case, "case", form="case"),
    at("<str:region>/case/<int:position>/guidance.fhir.json", fhir.case_file, "case"),
    at("<str:region>/case/<int:position>/assess/", case_steps.assess, "case", form="case"),
    at("<str:region>/case/<int:position>/decide/", case_steps.verdicts, "case"),
    at("<str:region>/case/<int:position>/decide/<str:service>/", case_steps.decision, "case", form="case"),
    at("<str:region>/case/<int:position>/letter/<int:decided>.<str:form>", case_steps.letter_file, "case"),
    at("<str:region>/case/<int:position>/letter/<str:kind>/<int:about>.<str:form>", case_letters.case_file, "case"),
    at("<str:region>/case/<int:position>/plan/", case_steps.plan, "case", form="case"),
    at("<str:region>/emergencies/", persons.emergencies, "emergencies"),
    at("<str:region>/person/", persons.person, "person", form="person"),
    at("<str:region>/records/", records.records, "records", form="records"),
    at("<str:region>/chains/", chains.index, EVERYBODY),
    at("<str:region>/guide/", guide.guide, EVERYBODY, form=EVERYBODY),
    at("<str:region>/sapluuna/", sapluuna.matrix, EVERYBODY),
    at("<str:region>/sapluuna/<str:service_id>/<str:column>/", sapluuna.cell, EVERYBODY),
    at("<str:region>/rules/", rules.index, EVERYBODY),
    at("<str:region>/rules/check/", rules.check, "try_rules", form="try_rules"),
    at("<str:region>/rules/tables/<str:name>/", rules.table, EVERYBODY, form=EVERYBODY),
    at("<str:region>/rules/<str:service>/", rules.service, EVERYBODY, form=EVERYBODY),
    at("<str:region>/decide/<str:service>/", decide.client, "try_rules", form="try_rules"),
    at("<str:region>/decide/<str:service>/letter.<str:form>", decide.letter_file, "try_rules", form="try_rules"),
    at("<str:region>/rehearse/", rehearse.rehearsal, "rehearse", form="rehearse"),
    at("<str:region>/rehearse/people/", rehearse.people, "rehearse", form="rehearse"),
    at("<str:region>/changes/", changes.changes, "rehearse"),
    at("<str:region>/changes/<str:id_>/", changes.change, "rehearse", form="propose"),
    at("<str:region>/network/", network.network, EVERYBODY),
    at("<str:region>/network/propose/", network.put_forward, "propose", form="propose"),
    at("<str:region>/network/compare/", network.compare, EVERYBODY),
    at("<str:region>/network/plan.<str:form>", network.download, EVERYBODY),
    # what the rooms bring (`brings.py` of each)
    *(at(f"<str:region>/{p.address}", room_pages.view_of(p), p.may, form=p.form) for b in brought() for p in b.pages),
]
handler404 = "torni.web.views.pages.not_found"
handler400 = "torni.web.views.pages.not_found"
handler500 = "torni.web.views.pages.failed"
