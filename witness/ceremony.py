"""The one-page record of a key ceremony (密钥仪式记录), printed when a key is made and signed by hand by those who were there.

It holds what makes the key recognisable later: name, public key, fingerprint, time and machine. It never holds the key itself.
"""
import hashlib
from datetime import UTC, datetime

from tlog.note import Verifier

_LINE = "______________________________"


def ceremony_record(verifiers: tuple[Verifier, ...], *, made_at: datetime, host: str, key_files: tuple[str, ...]) -> str:
    """The record for these public keys, Chinese and English; `made_at` is aware."""
    keys = []
    for verifier, file in zip(verifiers, key_files, strict=True):
        keys += [
            f"  公钥 / vkey:        {verifier.vkey}",
            f"  指纹 / SHA-256:     {fingerprint(verifier)}",
            f"  私钥文件 / key file: {file}",
            "",
        ]
    return "\n".join([
        "见证密钥仪式记录 / Witness key ceremony record",
        "================================================",
        "",
        f"见证方名称 / name:   {verifiers[0].name}",
        f"生成时间 / made at:  {made_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"机器 / machine:      {host}",
        "",
        *keys,
        "请当场核对并签字：/ Check on the spot, then sign:",
        "  [ ] 密钥在本机构控制的机器上生成，私钥文件仅属主可读。",
        "      The key was made on a machine that this institution controls; only its owner can read the file.",
        "  [ ] 私钥的备份已密封，由两人保管；未通过网络传输。",
        "      The backup is sealed and held by two persons; it did not travel over a network.",
        "  [ ] 上列公钥已由两人分别抄送日志运营方，指纹经电话或当面核对一致。",
        "      Two persons sent the public key to the log's operator; the fingerprint was compared by telephone or face to face.",
        "  [ ] 一把密钥只用于一个名称，也只用于见证。",
        "      One key serves one name, and serves for witnessing only.",
        "",
        f"操作人 / operator:   {_LINE}  日期 / date: ____________",
        f"监督人 / observer:   {_LINE}  日期 / date: ____________",
        f"负责人 / in charge:  {_LINE}  日期 / date: ____________",
        "",
    ])


def fingerprint(verifier: Verifier) -> str:
    """Hex SHA-256 of the public key in groups of four, to be read aloud."""
    digits = hashlib.sha256(verifier.public_key).hexdigest()
    return " ".join(digits[at:at + 4] for at in range(0, len(digits), 4))
