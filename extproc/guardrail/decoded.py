"""Inspection of a streamed answer that comes compressed."""

from extproc.detectors.scanner import Scanner
from extproc.dialects.base import StreamReader
from extproc.dialects.codings import Decoder
from extproc.guardrail.filters import Context
from extproc.guardrail.stream import Step, StreamGuard
from extproc.guardrail.transcript import NOBODY, Aside
from extproc.model.errors import BodyError
from extproc.model.values import Refusal
from extproc.policy.policy import Policy


class DecodedStreamGuard(StreamGuard):
    """Decodes a stream before it is cut into events; what passes is never compressed again.

    A stream that cannot be decoded ends in an error of its API whatever the policy says: nobody
    could read its rest, since its headers have already said that it is plain.
    """

    def __init__(
        self,
        decoder: Decoder,
        reader: StreamReader,
        context: Context,
        scanner: Scanner,
        policy: Policy,
        max_event: int,
        aside: Aside = NOBODY,
    ) -> None:
        super().__init__(reader, context, scanner, policy, max_event, aside)
        self._decoder = decoder

    def feed(self, chunk: bytes, refusal: Refusal, *, final: bool = False) -> Step:
        if self.ended():
            return Step(b"", ended=True)
        passed: list[bytes] = []
        try:
            for piece in self._decoder.feed(chunk):
                step = super().feed(piece, refusal)
                passed.append(step.data)
                if step.ended:
                    return Step(b"".join(passed), ended=True)
            if final:
                self._decoder.finish()
        except BodyError as error:
            passed.append(self.abandon(refusal))
            self.unreadable = error.code
        else:
            passed.append(super().feed(b"", refusal, final=final).data)
        return Step(b"".join(passed), self.ended())
