"""A bundle opens only where every part of it is what was written; each refusal names the part."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import stat
from pathlib import Path

import example_models as example
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models import manifest as seal
from models.bundle import BundleRejected, ColumnMismatch, open_bundle, read_manifest, write_bundle
from models.check import check_in_child
from models.key import BadKey, signing_key
from models.manifest import FileSeal

Files = dict[str, bytes]


@pytest.fixture
def bundle(tmp_path) -> Path:
    """A whole bundle, written for this test alone."""
    return write_bundle(tmp_path / "models", example.KEY, example.contents(), example.NOW)


def open_it(path: Path, key: bytes = example.KEY, **expected):
    known = {"expected_names": example.NAMES, "expected_fingerprint": example.FINGERPRINT}
    return open_bundle(path, key, **(known | expected))


def sealed_anew(path: Path, files: Files | None = None, seals=None, **changes) -> Path:
    """The bundle with other files or fields, signed with the right key and named accordingly."""
    manifest = read_manifest(path, example.KEY)
    seals = dict(manifest.files if seals is None else seals)
    for name, data in (files or {}).items():
        (path / name).write_bytes(data)
        seals[name] = FileSeal(len(data), hashlib.sha256(data).hexdigest())
    changed = dataclasses.replace(manifest, files=seals, **changes)
    data = seal.sealed(changed, example.KEY)
    (path / seal.NAME).write_bytes(data)
    return path.rename(path.with_name(f"{path.name[:18]}-{seal.digest(data)}"))


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_what_was_written_can_be_opened_and_answers_as_the_fitted_model(bundle):
    opened = open_it(bundle)
    margins, probabilities = opened.session.run(example.rows())
    assert np.abs(probabilities - example.model().probabilities(example.rows())).max() < 1e-13
    told = opened.explainer.base("risk") + opened.explainer.contributions(
        example.rows(), "risk"
    ).sum(axis=1)
    assert np.abs(told - margins[:, 1]).max() < 1e-12
    assert opened.heads == ("late_delivery", "risk", "return")
    assert opened.feature_names == example.NAMES
    assert opened.card == "# A card"
    assert opened.encodings == {}


def test_a_bundle_is_named_by_its_time_and_the_digest_of_its_manifest(bundle):
    data = (bundle / "manifest.json").read_bytes()
    body = data.split(b"\n", 1)[1]
    assert bundle.name == "2026-01-31T020000Z-" + hashlib.sha256(body).hexdigest()[:12]
    assert json.loads(data)["format"] == 2


def test_the_manifest_says_what_was_handed_over_and_writes_nan_as_null(bundle):
    manifest = open_it(bundle).manifest
    assert manifest.created_at == example.NOW
    assert manifest.measures == {"auc": 0.6, "undefined": None}
    assert manifest.training_window == {"from": 0, "to": example.NOW}
    assert manifest.versions == {"numpy": np.__version__}
    assert sorted(manifest.files) == [
        "card.md",
        "model.onnx",
        "proof.json",
        "reasons.npz",
        "report.html",
    ]


def test_encodings_travel_where_there_are_some(tmp_path):
    contents = dataclasses.replace(example.contents(), encodings={"city_rate": np.arange(3.0)})
    path = write_bundle(tmp_path, example.KEY, contents, example.NOW)
    assert open_it(path).encodings["city_rate"].tolist() == [0.0, 1.0, 2.0]


def test_the_same_contents_at_the_same_time_give_the_same_bundle(tmp_path):
    first = write_bundle(tmp_path / "a", example.KEY, example.contents(), example.NOW)
    second = write_bundle(tmp_path / "b", example.KEY, example.contents(), example.NOW)
    assert first.name == second.name


def test_writing_the_same_bundle_twice_leaves_the_one_that_is_there(bundle):
    again = write_bundle(bundle.parent, example.KEY, example.contents(), example.NOW)
    assert again == bundle
    assert sorted(each.name for each in bundle.parent.iterdir()) == [".lock", bundle.name]


def test_only_the_owner_can_read_a_bundle(bundle):
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in bundle.iterdir()} == {0o600}


def edit(name: str, change):
    def damage(path: Path) -> Path:
        (path / name).write_bytes(change((path / name).read_bytes()))
        return path

    return damage


def flip(data: bytes) -> bytes:
    """One bit of the byte in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def replaced_by(name: str, make):
    def damage(path: Path) -> Path:
        (path / name).unlink()
        make(path / name)
        return path

    return damage


def linked_away(name: str):
    """The very same bytes, but behind a link: they could change after they were checked."""

    def damage(path: Path) -> Path:
        elsewhere = path.parent / "elsewhere"
        (path / name).rename(elsewhere)
        (path / name).symlink_to(elsewhere)
        return path

    return damage


def renamed(change):
    return lambda path: path.rename(path.with_name(change(path.name)))


def extra_file(path: Path) -> Path:
    (path / "model.pkl").write_bytes(b"")
    return path


def foreign_operator() -> bytes:
    """A graph that onnxruntime would run, with an operator that ours never hold."""
    graph = helper.make_graph(
        [helper.make_node("RandomNormalLike", ["features"], ["margins"])],
        "g",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 5])],
        [helper.make_tensor_value_info("margins", TensorProto.FLOAT, [None, 5])],
    )
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def narrow_graph() -> bytes:
    """Our operators, but no probabilities come out."""
    graph = helper.make_graph(
        [helper.make_node("Cast", ["features"], ["margins"], to=TensorProto.DOUBLE)],
        "g",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 5])],
        [helper.make_tensor_value_info("margins", TensorProto.DOUBLE, [None, 5])],
    )
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def wrong_trees(data: bytes) -> bytes:
    """Our graph, with one leaf of one tree changed."""
    proto = onnx.load_from_string(data)
    trees = next(node for node in proto.graph.node if node.op_type == "TreeEnsemble")
    weights = next(a for a in trees.attribute if a.name == "leaf_weights").t
    values = onnx.numpy_helper.to_array(weights).copy()
    weights.CopyFrom(onnx.numpy_helper.from_array(values * 1.5, "weights"))
    return proto.SerializeToString()


def compressed(path: Path) -> Path:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(np.load(path / "reasons.npz")))
    return sealed_anew(path, {"reasons.npz": buffer.getvalue()})


def reasons_without(name: str):
    def damage(path: Path) -> Path:
        arrays = dict(np.load(path / "reasons.npz"))
        del arrays[name]
        return sealed_anew(path, {"reasons.npz": npz(**arrays)})

    return damage


def bigger_reasons(path: Path) -> Path:
    arrays = dict(np.load(path / "reasons.npz"))
    arrays["risk.table"] = arrays["risk.table"] * 1.001
    return sealed_anew(path, {"reasons.npz": npz(**arrays)})


def unnamed_proof(path: Path) -> Path:
    seals = dict(read_manifest(path, example.KEY).files)
    del seals["proof.json"]
    (path / "proof.json").unlink()
    return sealed_anew(path, seals=seals)


def without_field(path: Path) -> Path:
    """Signed with the right key, but a field of the format is gone."""
    data = (path / seal.NAME).read_bytes().replace(b'"risk_head"', b'"riskhead"')
    body = data.split(b"\n", 1)[1]
    first = f'{{"format": 2, "signature": "{seal._signature(body, example.KEY)}",\n'.encode()
    (path / seal.NAME).write_bytes(first + body)
    return path.rename(path.with_name(f"{path.name[:18]}-{seal.digest(first + body)}"))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (edit("encodings.npz", flip), "it was changed"),
        (lambda path: [(path / "encodings.npz").unlink(), path][1], "missing"),
        (
            lambda path: sealed_anew(path, {"encodings.npz": npz(city_rate=np.array([np.nan]))}),
            r"expected finite numbers in \['city_rate'\]",
        ),
        (
            lambda path: sealed_anew(path, {"encodings.npz": npz(city_rate=np.array(["x"]))}),
            "expected finite numbers",
        ),
    ],
)
def test_damaged_encodings_refuse_the_bundle_by_name(tmp_path, damage, problem):
    contents = dataclasses.replace(example.contents(), encodings={"city_rate": np.arange(3.0)})
    path = write_bundle(tmp_path, example.KEY, contents, example.NOW)
    with pytest.raises(BundleRejected, match=rf"encodings\.npz.*{problem}"):
        open_it(damage(path))


def test_the_proof_is_replayed_with_the_bundle_s_encodings(tmp_path):
    contents = dataclasses.replace(example.contents(), encodings={"city_rate": np.arange(3.0)})
    path = write_bundle(tmp_path, example.KEY, contents, example.NOW)
    seen = []

    def replay(proof, run, encodings):
        del proof, run
        seen.append(encodings["city_rate"].tolist())

    open_it(path, replay=replay)
    assert seen == [[0.0, 1.0, 2.0]]


# What was done to the bundle → the file that is named and the words of the reason.
DAMAGES = {
    "a_bit_of_the_model": (edit("model.onnx", flip), "model.onnx", "it was changed"),
    "half_of_the_model": (
        edit("model.onnx", lambda d: d[: len(d) // 2]),
        "model.onnx",
        "bytes, got",
    ),
    "no_model": (lambda p: [(p / "model.onnx").unlink(), p][1], "model.onnx", "missing"),
    "model_behind_a_link": (linked_away("model.onnx"), "model.onnx", "cannot be read"),
    "model_a_folder": (replaced_by("model.onnx", Path.mkdir), "model.onnx", "cannot be read"),
    "model_a_pipe": (replaced_by("model.onnx", os.mkfifo), "model.onnx", "a regular file"),
    "a_bit_of_the_reasons": (edit("reasons.npz", flip), "reasons.npz", "it was changed"),
    "a_bit_of_the_proof": (edit("proof.json", flip), "proof.json", "it was changed"),
    "a_bit_of_the_card": (edit("card.md", flip), "card.md", "it was changed"),
    "a_longer_report": (edit("report.html", lambda d: d + b" "), "report.html", "38 bytes, got 39"),
    "an_empty_card": (edit("card.md", lambda _: b""), "card.md", "8 bytes, got 0"),
    "a_stranger": (extra_file, "model.pkl", "the manifest does not name"),
    "no_manifest": (lambda p: [(p / seal.NAME).unlink(), p][1], seal.NAME, "cannot be read"),
    "empty_manifest": (edit(seal.NAME, lambda _: b""), seal.NAME, "first line with format"),
    "manifest_cut": (edit(seal.NAME, lambda d: d[:-9]), seal.NAME, "a signature made with"),
    "a_bit_of_the_manifest": (edit(seal.NAME, flip), seal.NAME, "a signature made with"),
    "manifest_huge": (
        edit(seal.NAME, lambda d: d + b" " * 2**22),
        seal.NAME,
        "at most 4194304 bytes",
    ),
    "manifest_behind_a_link": (linked_away(seal.NAME), seal.NAME, "cannot be read"),
    "unsigned": (
        edit(seal.NAME, lambda d: b"{\n" + d.split(b"\n", 1)[1]),
        seal.NAME,
        "first line with format",
    ),
    "an_old_format": (
        edit(seal.NAME, lambda d: d.replace(b'"format": 2', b'"format": 1', 1)),
        seal.NAME,
        "expected format 2, got format 1. Train a new bundle",
    ),
    "a_format_to_come": (
        edit(seal.NAME, lambda d: d.replace(b'"format": 2', b'"format": 3', 1)),
        seal.NAME,
        "expected format 2, got format 3. Upgrade riskradar",
    ),
    "renamed_to_another_day": (
        renamed(lambda name: "2027" + name[4:]),
        "",
        "it was renamed",
    ),
    "renamed_to_another_digest": (renamed(lambda n: n[:-1] + "g"), "", "it was renamed"),
    "renamed_freely": (renamed(lambda _: "best-model"), "", "it was renamed"),
    # From here on the signature is right: what a faulty writer of ours could have sealed.
    "sealed_garbage": (
        lambda p: sealed_anew(p, {"model.onnx": b"\x00" * 99}),
        "model.onnx",
        "an ONNX file",
    ),
    "sealed_foreign_operator": (
        lambda p: sealed_anew(p, {"model.onnx": foreign_operator()}),
        "model.onnx",
        "operator 'RandomNormalLike'",
    ),
    "sealed_graph_of_another_kind": (
        lambda p: sealed_anew(p, {"model.onnx": narrow_graph()}),
        "model.onnx",
        "expected outputs",
    ),
    "sealed_model_of_other_trees": (
        lambda p: sealed_anew(p, {"model.onnx": wrong_trees((p / "model.onnx").read_bytes())}),
        "reasons.npz",
        "add up to its margin",
    ),
    "sealed_pickles": (
        lambda p: sealed_anew(p, {"reasons.npz": npz(a=np.array([{}], dtype=object))}),
        "reasons.npz",
        "allow_pickle=False",
    ),
    "sealed_compressed_reasons": (compressed, "reasons.npz", "compressed"),
    "sealed_reasons_with_a_table_missing": (
        reasons_without("risk.table"),
        "reasons.npz",
        "expected tables",
    ),
    "sealed_reasons_of_other_numbers": (bigger_reasons, "reasons.npz", "add up to its margin"),
    "sealed_with_fewer_heads": (
        lambda p: sealed_anew(p, heads=("late_delivery", "risk")),
        "model.onnx",
        "expected (5, 2) features and heads, got (5, 3)",
    ),
    "sealed_without_its_risk_head": (
        lambda p: sealed_anew(p, risk_head="danger"),
        "model.onnx",
        "heads",
    ),
    "sealed_without_a_proof": (unnamed_proof, seal.NAME, "proof.json"),
    "sealed_without_a_field": (without_field, seal.NAME, "risk_head"),
    "sealed_card_of_5_mb": (
        lambda p: sealed_anew(p, {"card.md": b"a" * 5_000_000}),
        "card.md",
        "at most 4194304 bytes",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_bundle_is_refused_by_name(bundle, damage):
    act, file, words = DAMAGES[damage]
    damaged = act(bundle)
    with pytest.raises(BundleRejected) as refused:
        open_it(damaged)
    assert refused.value.bundle == damaged.name
    assert refused.value.file == file
    assert words in refused.value.reason


def test_a_bundle_signed_with_another_key_is_refused(bundle):
    with pytest.raises(BundleRejected, match="a signature made with this home's key"):
        open_it(bundle, key=bytes(32))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BundleRejected, match=r"manifest\.json: cannot be read: No such file"):
        open_it(tmp_path / "2026-01-31T020000Z-000000000000")


def test_a_new_feature_is_shown_as_a_difference_of_names(bundle):
    names = (*example.NAMES[:2], "messages_unanswered_count", *example.NAMES[2:])
    with pytest.raises(ColumnMismatch) as refused:
        open_it(bundle, expected_names=names)
    assert str(refused.value) == (
        f"{bundle.name}: trained on 5 features and this code builds 6.\n"
        "  + messages_unanswered_count\n"
        "  Train a new bundle with `riskradar nightly`, or check out the code it was trained with "
        "(a41be02)."
    )


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (example.NAMES[1:], "\n  - amount\n"),
        (("days", "amount", *example.NAMES[2:]), "\n  column 0 was amount and is now days\n"),
        ([f"new_{i}" for i in range(40)], "\n  and 25 more\n"),
    ],
    ids=["gone", "reordered", "many"],
)
def test_a_difference_of_names_says_what_is_gone_or_moved(bundle, names, line):
    with pytest.raises(ColumnMismatch) as refused:
        open_it(bundle, expected_names=names)
    assert line in str(refused.value)


def test_the_same_names_built_by_other_code_are_refused(bundle):
    with pytest.raises(ColumnMismatch, match="their code has changed: expected fingerprint fff"):
        open_it(bundle, expected_fingerprint="0000")


def test_the_proof_is_replayed_with_the_models_own_probabilities(bundle):
    seen = []

    def replay(proof, run, encodings):
        del encodings
        seen.append(run(np.array([proof["cases"][0]["features"]], np.float32)))

    open_it(bundle, replay=replay)
    row = np.array([[1.0, 2.0, 0.0, 0.0, 3.0]], np.float32)
    assert np.abs(seen[0] - example.model().probabilities(row)).max() < 1e-13


def test_a_proof_that_scores_otherwise_refuses_the_bundle(bundle):
    def replay(proof, run, encodings):
        del proof, run, encodings
        raise ArithmeticError("order 3 differs by 0.2")

    with pytest.raises(BundleRejected, match=r"proof\.json.*order 3 differs by 0\.2"):
        open_it(bundle, replay=replay)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"graph": foreign_operator()}, "RandomNormalLike"),
        ({"graph": b"not a model"}, "an ONNX file"),
        ({"card": "a" * 5_000_000}, "card.md: expected at most"),
        ({"heads": ("risk", "chargeback")}, "chargeback"),
        ({"risk_head": "danger"}, "danger"),
        ({"proof": {"score": float("nan")}}, "JSON compliant"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_could_not_be_opened_is_not_written(tmp_path, changes, problem):
    contents = dataclasses.replace(example.contents(), **changes)
    with pytest.raises(ValueError, match=problem):
        write_bundle(tmp_path, example.KEY, contents, example.NOW)
    assert list(tmp_path.glob("2*")) == []


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "home" / "models.key"
    key = signing_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing_key(path) == key
    assert signing_key(tmp_path / "other.key") != key
    assert [each.name for each in path.parent.iterdir()] == ["models.key"]


def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "models.key"
    signing_key(path)
    path.chmod(0o640)
    with pytest.raises(BadKey, match="expected permissions 600, got 640"):
        signing_key(path)


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "00" * 16, "00" * 900])
def test_a_key_file_without_a_key_is_refused(tmp_path, text):
    path = tmp_path / "models.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadKey, match="expected 64 hex digits"):
        signing_key(path)


def checked(path: Path, tmp_path: Path, **asked) -> None:
    key_path = tmp_path / "models.key"
    key_path.write_text(example.KEY.hex())
    key_path.chmod(0o600)
    known = {"expected_names": example.NAMES, "expected_fingerprint": example.FINGERPRINT}
    check_in_child(path, key_path, **(known | asked))


def test_a_whole_bundle_passes_in_a_process_of_its_own(bundle, tmp_path):
    checked(bundle, tmp_path, replay="tests.example_replays:accept")


def test_a_refusal_comes_back_from_the_other_process_as_it_is(bundle, tmp_path):
    with pytest.raises(ColumnMismatch, match="- amount"):
        checked(bundle, tmp_path, expected_names=example.NAMES[1:])
    (bundle / "card.md").write_text("# A Card")
    with pytest.raises(BundleRejected, match=r"card\.md: expected sha256"):
        checked(bundle, tmp_path)


@pytest.mark.parametrize(
    ("replay", "how"), [("crash", "SIGSEGV"), ("abort", "SIGABRT"), ("leave", "exit 7")]
)
def test_a_bundle_that_kills_its_process_is_refused_and_we_live_on(bundle, tmp_path, replay, how):
    with pytest.raises(BundleRejected, match=f"a process of its own; that ended by {how}"):
        checked(bundle, tmp_path, replay=f"tests.example_replays:{replay}")


def test_a_bundle_that_never_finishes_opening_is_refused(bundle, tmp_path):
    with pytest.raises(BundleRejected, match="expected it to open within 3 s"):
        checked(bundle, tmp_path, replay="tests.example_replays:hang", timeout_s=3)
