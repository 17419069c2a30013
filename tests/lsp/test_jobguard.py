"""The language server with a client that nobody of ours has written: pytest-lsp, which checks every message against the
protocol. JOBGUARD names the program.

    JOBGUARD=target/debug/jobguard python3 -m pytest tests/lsp
"""

import os

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

URI = "file:///nowhere/a.yaml"

JOB = """apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "30 2 * * 1-5"
  concurrencyPolicy: forbid
  jobTemplate:
    spec:
      template:
        backoffLimit: 3
        spec:
          restartPolicy: Never
          containers:
          - {name: main, image: "b:1"}
"""


@pytest_lsp.fixture(
    params=["neovim", "visual_studio_code", "emacs"],
    config=ClientServerConfig(server_command=[os.environ["JOBGUARD"], "lsp", "--policy", "recommended"]),
)
async def client(request, lsp_client: LanguageClient):
    # Editors watch files for the server; pytest-lsp says so too, and leaves it to the test.
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def _(params: types.RegistrationParams):
        assert params.registrations[0].method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES

    capabilities = client_capabilities(request.param)
    await lsp_client.initialize_session(types.InitializeParams(capabilities=capabilities))
    yield
    await lsp_client.shutdown_session()


def document():
    return types.TextDocumentIdentifier(uri=URI)


async def opened(client: LanguageClient):
    item = types.TextDocumentItem(uri=URI, language_id="yaml", version=1, text=JOB)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return client.diagnostics[URI]


def everywhere():
    return types.Range(start=types.Position(0, 0), end=types.Position(99, 0))


@pytest.mark.asyncio
async def test_diagnostics_follow_the_text(client: LanguageClient):
    found = await opened(client)
    codes = [one.code for one in found]
    assert "api/unknown-field" in codes
    one = next(one for one in found if one.code == "api/unknown-field")
    assert one.source == "jobguard"
    assert one.range.start == types.Position(10, 8)
    assert one.code_description.href.endswith("/docs/rules/api/unknown-field.md")
    change = types.TextDocumentContentChangePartial(
        range=types.Range(start=types.Position(10, 0), end=types.Position(11, 0)), text=""
    )
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=URI, version=2), content_changes=[change]
        )
    )
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    assert "api/unknown-field" not in [one.code for one in client.diagnostics[URI]]
    client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=document()))
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    assert not client.diagnostics[URI]


@pytest.mark.asyncio
async def test_actions(client: LanguageClient):
    found = await opened(client)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=document(), range=everywhere(), context=types.CodeActionContext(diagnostics=found)
        )
    )
    kinds = {action.kind for action in actions}
    assert kinds == {"quickfix", "source.fixAll.jobguard"}
    for action in actions:
        assert action.edit.document_changes or action.edit.changes
        if action.kind == "quickfix":
            assert all(one in found for one in action.diagnostics)


@pytest.mark.asyncio
async def test_what_there_is_to_know(client: LanguageClient):
    await opened(client)
    position = types.Position(5, 14)
    hover = await client.text_document_hover_async(types.HoverParams(text_document=document(), position=position))
    assert "at 02:30, Monday to Friday" in hover.contents.value
    position = types.Position(6, 21)
    items = await client.text_document_completion_async(
        types.CompletionParams(text_document=document(), position=position)
    )
    assert [item.label for item in items] == ["Allow", "Forbid", "Replace"]
    symbols = await client.text_document_document_symbol_async(
        types.DocumentSymbolParams(text_document=document())
    )
    assert symbols[0].name == "CronJob nightly"
    places = await client.text_document_definition_async(
        types.DefinitionParams(text_document=document(), position=position)
    )
    assert not places
