"""The terminal report: complete where it matters, short, and harmless."""

import io
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from auditor.model.environment import Access, Environment, Scenario
from auditor.model.report import Report, Unjudged
from auditor.model.snapshot import Failure
from auditor.model.verdict import Severity, Status, fail, ok
from auditor.reports import table
from auditor.reports.table_layout import continued
from auditor.reports.text import SCENARIOS, Names, clean, fix_template, short

from . import sample
from .sample import DENIED, GROUP, STORAGE, SUBSCRIPTION, VAULT, environment, report, result, rule, unlinked, unseen

FIX = (
    f"az network private-endpoint create -g rg-harbour -n pe-mlw --private-connection-resource-id {VAULT} "
    "--group-id vault --query 'the first half of it --and-the-second-half' -l northeurope"
)


def shown(of: Report, width: int = 80) -> str:
    file = io.StringIO()
    table.render(of, Console(file=file, width=width))
    return file.getvalue()


def flat(of: Report, width: int = 80) -> str:
    """The page without its line breaks."""
    return " ".join(shown(of, width).split())


def secure() -> Report:
    env = environment("quay", Scenario.SECURED)
    return report(*(result(ok("sound"), rule(f"KV-{n:03}"), environment=env) for n in range(60)), environments=[env])


# -- environments --------------------------------------------------------------------------------------------------


def test_a_secure_environment_takes_a_few_lines() -> None:
    lines = shown(secure()).splitlines()

    assert lines[0] == "mlw-quay × k8s-quay  SECURE"
    assert lines[-1] == "60 results: 60 passed"
    assert len(lines) < 9


def test_an_environment_shows_where_it_is_and_how_each_part_is_reached() -> None:
    env = environment("quay", Scenario.PUBLIC_WORKSPACE, workspace=Access.PUBLIC, storage=Access.NONE)
    page = flat(report(result(unlinked(), environment=env), environments=[env]), 160)

    assert "mlw-quay × k8s-quay DEVIATES" in page
    assert "cluster aks-quay · region northeurope · workspace in rg-harbour" in page
    assert "scenario public workspace, everything else in a virtual network" in page
    assert (
        "workspace public · storage out of reach · Key Vault service endpoint · registry none yet · cluster private"
        in page
    )


def test_every_scenario_has_its_words() -> None:
    assert set(SCENARIOS) == set(Scenario)


def test_environments_are_counted_and_the_worst_come_first() -> None:
    good, bad = environment("a-good"), environment("b-bad")
    page = shown(report(result(unlinked(), environment=bad), environments=[good, bad]))

    assert page.startswith("2 environments · 1 deviates · 1 secure\n")
    assert page.index("mlw-b-bad") < page.index("mlw-a-good")


def test_environments_of_the_same_name_are_told_apart() -> None:
    envs = [environment("twin"), environment("twin", group=GROUP.replace("harbour", "quay"))]
    page = shown(report(environments=envs))

    assert "mlw-twin × k8s-twin in rg-harbour  SECURE" in page
    assert "mlw-twin × k8s-twin in rg-quay  SECURE" in page


def test_no_environment_says_so_and_why() -> None:
    workspaces = [Unjudged(f"{GROUP}/providers/Microsoft.M/workspaces/mlw-{n}", "no AKS attached") for n in range(6)]
    page = flat(report(unjudged=workspaces))

    assert page.startswith("No environment found")
    assert "Not judged (6) · mlw-0, mlw-1, mlw-2, mlw-3 and 2 more: no AKS attached" in page


def test_a_scope_without_workspaces_says_so() -> None:
    assert "No Azure Machine Learning workspace was visible in scope (1 subscription read)." in flat(report())


# -- failures ------------------------------------------------------------------------------------------------------


def test_failures_come_worst_first_with_what_was_seen_and_the_fix() -> None:
    env = environment()
    page = shown(
        report(
            result(fail("lower"), rule("AAA-001", Severity.MEDIUM), environment=env),
            result(fail("downgraded", at=Severity.LOW), rule("AAA-002", Severity.CRITICAL), environment=env),
            result(unlinked(), environment=env, fix="az network fix"),
            environments=[env],
        )
    )

    assert re.findall(r"^(CRITICAL|HIGH|MEDIUM|LOW) +(\S+)", page, re.MULTILINE) == [
        ("CRITICAL", "DNS-002"),
        ("MEDIUM", "AAA-001"),
        ("LOW", "AAA-002"),
    ]
    assert "CRITICAL  DNS-002  Workspace zones resolve from the AKS VNet\n  on      stharbour\n" in page
    assert "  seen    privatelink.api.azureml.ms is not linked where vnet-aks resolves names\n" in page
    assert "  fix     az network fix\n" in page
    assert page.endswith("3 results: 3 failed (1 critical, 1 medium, 1 low)\n")


def test_of_several_environments_each_failure_names_its_own() -> None:
    envs = [environment("one"), environment("two")]
    page = shown(report(*(result(unlinked(), environment=e) for e in envs), environments=envs))

    assert "stharbour  of mlw-one × k8s-one" in page
    assert "stharbour  of mlw-two × k8s-two" in page


@pytest.mark.parametrize("width", [40, 80, 160])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    message = " ".join(f"hop-{n}" for n in range(60)) + " is the broken one"
    page = shown(report(result(fail(message), environment=environment(), fix="az fix")), width)

    assert message in " ".join(page.split())
    assert max(map(cell_len, page.splitlines())) <= width
    assert not any(line != line.rstrip() for line in page.splitlines())


@pytest.mark.parametrize("width", [40, 80, 100, 160])
def test_a_wrapped_command_still_means_the_same_to_a_shell(width: int) -> None:
    rows = continued(FIX, width)

    assert len(rows) > 1
    assert all(row.endswith(" \\") for row in rows[:-1])
    assert all(shlex.split(row.removesuffix("\\")) for row in rows), "no quotation is torn apart"
    # A shell drops a backslash with the line break after it.
    assert shlex.split("\n".join(rows).replace("\\\n", "")) == shlex.split(FIX)


def test_the_next_command_of_a_chain_begins_a_row() -> None:
    assert continued("az x detach -n k8s && az x attach -n k8s --type Kubernetes", 34) == [
        "az x detach -n k8s \\",
        "&& az x attach -n k8s \\",
        "    --type Kubernetes",
    ]


def test_prose_is_wrapped_without_backslashes() -> None:
    rows = continued("restore the resource, or recreate the workspace: these ids cannot be changed", 30)

    assert len(rows) == 3
    assert not any("\\" in row for row in rows)


def test_a_comment_in_a_fix_is_a_line_of_its_own() -> None:
    page = shown(report(result(unlinked(), environment=environment(), fix="az fix --now  # then wait")))

    assert "  fix     az fix --now\n          # then wait\n" in page


# -- what was not seen ---------------------------------------------------------------------------------------------


def test_a_missing_permission_is_said_once_with_the_rules_it_leaves_open() -> None:
    env = environment()
    rules = [rule("STO-001"), rule("KV-001", Severity.HIGH), rule("ACR-001", Severity.LOW)]
    unknowns = [result(unseen(resource_id=f"{GROUP}{n % 2}"), r, environment=env) for n, r in enumerate(rules)]
    page = flat(report(*unknowns, environments=[env], gaps=[DENIED]), 160)

    assert page.count("Microsoft.Network/privateEndpoints/read") == 1
    assert (
        "Unknown (3), by what is missing · permission Microsoft.Network/privateEndpoints/read "
        "(resource group rg-harbour0, resource group rg-harbour1) STO-001 KV-001 ACR-001" in page
    )
    assert "Also not read" not in page


def test_what_was_merely_not_asked_for_is_not_called_a_permission() -> None:
    skipped = Failure(reason="the vaults were not listed", needs_action="Microsoft.KeyVault/vaults/read")
    page = flat(report(result(unseen(skipped), environment=environment())), 160)

    assert "· the vaults were not listed: needs Microsoft.KeyVault/vaults/read" in page
    assert "permission" not in page


def test_other_reasons_for_the_same_read_are_each_said() -> None:
    action = "Microsoft.KeyVault/vaults/read"
    env = environment()
    late, lost = (Failure(reason=r, needs_action=action) for r in ("time is up", "the connection was reset"))
    page = flat(report(*(result(unseen(f), environment=env) for f in (late, lost))), 160)

    assert "· time is up: needs" in page
    assert "· the connection was reset: needs" in page


def test_a_gap_that_explains_no_unknown_is_still_said() -> None:
    page = flat(report(result(ok("sound")), gaps=[DENIED]))

    assert "Also not read · permission Microsoft.Network/privateEndpoints/read (subscription Harbour)" in page


def test_what_passes_take_for_granted_is_said_once() -> None:
    verdict = ok("sound", assuming=["the far side mirrors this one"])
    page = flat(report(result(verdict, rule("NET-001")), result(verdict, rule("NET-003"))))

    assert "taking for granted · the far side mirrors this one NET-001 NET-003" in page


def test_waived_results_are_counted() -> None:
    assert "5 results: 2 failed (1 critical, 1 low), 1 unknown, 1 waived, 1 passed" in flat(sample.everything(), 160)


# -- large estates -------------------------------------------------------------------------------------------------


def estate(environments: int, failing: int) -> Report:
    envs = [environment(f"e{n}", group=f"{GROUP}{n}") for n in range(environments)]
    rules = [rule(f"NET-{n:03}", Severity.HIGH) for n in range(failing)]
    failures = [result(unlinked(), r, e.workspace.id, e, fix="az fix") for e in envs for r in rules]
    gaps = [Failure(reason=f"reason {n}") for n in range(200)]
    unknowns = [result(unseen(g), rule("STO-001"), environment=e) for e in envs for g in gaps[:20]]
    unjudged = [Unjudged(f"{GROUP}/providers/M.M/workspaces/w{n}", f"reason {n}") for n in range(500)]
    return report(*failures, *unknowns, environments=envs, unjudged=unjudged, gaps=gaps)


def test_a_large_estate_does_not_flood_and_nothing_is_hidden_in_silence() -> None:
    page = shown(estate(300, 40))

    assert len(page.splitlines()) < 250
    assert "300 environments · 300 deviates" in page
    assert "… and 290 more environments (see -o report.html or -o report.json)" in page
    assert "… and 299 more of NET-000 (see -o" in page
    assert "NET-039 ×300" in page
    assert "… and 7,500 more failures" in page
    assert "18,000 results: 12,000 failed (12,000 high), 6,000 unknown" in page


def test_one_environment_shows_all_that_failed() -> None:
    page = shown(estate(1, 30))

    assert page.count("  fix     az fix") == 30
    assert "more failures" not in page


# -- text that comes from Azure's users ----------------------------------------------------------------------------

NASTY = "[red]st\x1b[31m[/red]\x9b1m\x00\u202egnp\r\nrm -rf :skull: \udcff"


def nasty() -> Environment:
    return environment(NASTY, group=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg{NASTY}")


@pytest.mark.parametrize("terminal", [True, False])
def test_names_cannot_steer_the_terminal(terminal: bool) -> None:
    env = nasty()
    verdict = fail(NASTY)
    of = report(
        result(verdict, environment=env, resource_id=env.id, subject="x", fix="az fix {name}", names={"name": NASTY}),
        result(unseen(Failure(reason=NASTY), env.id), rule("STO-001"), subject="x"),
        result(ok("sound", assuming=[NASTY]), subject="x"),
        environments=[env],
        unjudged=[Unjudged(env.id, NASTY)],
        gaps=[Failure(reason=NASTY + "!", needs_action=NASTY)],
    )
    file = io.StringIO()
    table.render(
        of, Console(file=file, width=80, force_terminal=terminal, color_system="standard" if terminal else None)
    )
    page = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()) if terminal else file.getvalue()

    page.encode()
    assert not [c for c in page if c != "\n" and not c.isprintable()]
    assert "[red]st\ufffd[31m[/red]\ufffd1m" in page
    assert ":skull:" in page
    assert not any(line.strip().startswith("rm") for line in page.splitlines() if "fix" in line)


def test_a_name_cannot_add_a_line_to_a_command() -> None:
    names = {"name": "x\nrm -rf /"}
    page = shown(report(result(unlinked(), environment=environment(), fix="az fix -n {name}", names=names)))

    assert "  fix     az fix -n 'x rm -rf /'\n" in page


@given(st.text(st.characters()))
def test_cleaned_text_is_one_printable_line(text: str) -> None:
    line = clean(text)

    assert line.isprintable()
    assert clean(line) == line
    assert line.encode().decode() == line


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("st##vso[task.setvariable variable=PATH]/x", "st\ufffd#vso[task.setvariable variable=PATH]/x"),
        ("##[error]x ###[group]y", "\ufffd#[error]x #\ufffd#[group]y"),
        ("::error::x :::add-mask::y", "\ufffd:error::x :\ufffd:add-mask::y"),
        ("\n::set-output name=x::y", "\ufffd:set-output name=x::y"),
        ("## 2001:db8::1, ::ffff:192.0.2.1 #[x]", "## 2001:db8::1, ::ffff:192.0.2.1 #[x]"),
    ],
)
def test_a_name_cannot_command_a_pipeline(words: str, shown: str) -> None:
    """Azure Pipelines and GitHub Actions carry out what looks like a command in whatever a step prints."""
    assert clean(words) == shown
    assert clean(clean(words)) == shown


# -- the stream ----------------------------------------------------------------------------------------------------


def test_a_pipe_gets_no_codes_and_no_trailing_blanks() -> None:
    page = shown(sample.everything(), 100)

    assert "\x1b" not in page
    assert not any(line != line.rstrip() for line in page.splitlines())


def test_a_terminal_gets_colour() -> None:
    file = io.StringIO()
    table.render(sample.everything(), Console(file=file, width=80, force_terminal=True, color_system="standard"))

    assert "\x1b[1;37;41mCRITICAL\x1b[0m" in file.getvalue()


# -- short names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arm_id", "name"),
    [
        (STORAGE, "stharbour"),
        (f"{VAULT}/keys/k", "kv-harbour/k"),
        (f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/r", "r"),
        (GROUP, "rg-harbour"),
        (f"/subscriptions/{SUBSCRIPTION}", SUBSCRIPTION),
        ("", "(no id)"),
        ("not an id", "not an id"),
        (f"{GROUP}/providers", "providers"),
    ],
)
def test_an_id_is_shortened_to_its_names(arm_id: str, name: str) -> None:
    assert short(arm_id) == name


def test_names_say_only_as_much_as_tells_them_apart() -> None:
    other, vault = (
        STORAGE.replace("rg-harbour", "rg-quay"),
        STORAGE.replace("Microsoft.Storage/storageAccounts", "M.V/v"),
    )
    far = other.replace(SUBSCRIPTION, "elsewhere")
    names = Names([STORAGE, STORAGE.upper(), VAULT, other, far, vault], {})

    assert names.of(VAULT) == "kv-harbour"
    assert names.of(STORAGE) == "stharbour in rg-harbour (storageAccounts)"
    assert names.of(other) == other
    assert Names([STORAGE, other], {}).of(other) == "stharbour in rg-quay"


def test_a_fix_of_a_rule_has_placeholders_for_the_reader() -> None:
    assert fix_template(rule(fix="az x -g {vault_group} --body '{{}}'")) == "az x -g <vault-group> --body '{}'"


def test_statuses_that_do_not_matter_print_no_heading() -> None:
    page = shown(secure())

    for heading in ("Failed", "Unknown", "Passed,", "Not judged", "Also not read"):
        assert heading not in page
    assert Status.FAIL not in page.lower()
