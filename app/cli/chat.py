"""`ponder chat`: the conversation in a terminal, or line by line over a pipe."""

from __future__ import annotations

import argparse
import math
import queue
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import msgspec

from app import numbers_in_words as words
from app.chat import events
from app.chat.controller import ChatController
from app.chat.crash_record import CrashRecord
from app.chat.events import ChatEvent, EngineState
from app.cli.arguments import whole_number
from app.cli.chat_reply import ReplyOnScreen
from app.cli.interrupts import Interrupted, caught_interrupts
from app.cli.keyboard import Keyboard
from app.cli.live import LiveBlock
from app.cli.model_choice import chosen_model, require_context
from app.cli.output import one_line
from app.cli.pause_prompt import PAUSE_KEY, PauseRequested, Word, ask_what_now, can_ask, caught_pauses
from app.cli.surroundings import Surroundings
from app.errors import AppError, EngineProtocolError, EngineStoppedError
from app.history.records import Conversation, ConversationSummary
from app.settings import MAX_CONTEXT_TOKENS, load_settings
from models.engine.kv_type import KvType
from models.engine.protocol import OnLoop, Sampling, Thinking

InboxEvent = ChatEvent | Interrupted | PauseRequested

_HELP = f"""\
/new           begin a new conversation
/list          list the conversations
/open N        go on with conversation N
/model PATH    use another model (ponder-mini: the one in the box)
/budget N      let the next thoughts have N tokens at most (off: as many as they want)
/restart       start the engine again
/help          this list
/quit          leave (Ctrl-D does too)
Ctrl-C ends a thought, and the answer begins; the next Ctrl-C stops the reply.
{PAUSE_KEY} lets a thought wait: give it a hint, or try again.
Everything else you type is a question.
"""

_ENGINE_END_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What the command line said. None: it said nothing of it."""

    model: str | None = None
    context: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    no_history: bool = False
    kv_type: str | None = None


def chat(options: ChatOptions, surroundings: Surroundings) -> int:
    """Talk until the input ends, and give the exit code. Raises `AppError`, and KeyboardInterrupt."""
    settings, problem = load_settings(surroundings.paths.settings_file)
    if problem is not None:
        surroundings.output.error(str(problem))
    model_path = chosen_model(options.model, settings.model_path, surroundings)
    if options.context is not None:
        require_context(model_path, options.context)
    if not options.no_history:
        surroundings.paths.make_folders()
        surroundings.unlocked_key()  # it may ask, which only this thread can
    inbox: queue.SimpleQueue[InboxEvent] = queue.SimpleQueue()
    on_loop = OnLoop.PAUSE if can_ask(surroundings.stdin, surroundings.output) else OnLoop.ANSWER
    thinking = settings.thinking(on_loop)
    controller = ChatController(
        listener=inbox.put,
        open_history=None if options.no_history else surroundings.open_history,
        model_path=model_path,
        built_in_model_path=surroundings.built_in_model,
        context_tokens=options.context or settings.context_tokens,
        sampling=Sampling(
            temperature=settings.temperature if options.temperature is None else options.temperature,
            top_p=settings.top_p if options.top_p is None else options.top_p,
            seed=options.seed,
        ),
        kv_type=KvType(options.kv_type) if options.kv_type else settings.kv_type,
        thinking=thinking,
        reads_ahead=settings.reads_ahead,
        engine_command=surroundings.engine_command,
        # Without a history nothing is written at all.
        crash_record=None if options.no_history else CrashRecord(surroundings.paths.crash_record_file),
    )
    with ExitStack() as stack:
        controller.start()
        stack.callback(controller.close)
        return _Chat(controller, inbox, surroundings, thinking).run()


class _Chat:
    """What is typed goes to the controller, what the controller says goes to the screen."""

    def __init__(
        self,
        controller: ChatController,
        inbox: queue.SimpleQueue[InboxEvent],
        surroundings: Surroundings,
        thinking: Thinking,
    ) -> None:
        self._controller = controller
        self._inbox = inbox
        self._surroundings = surroundings
        self._output = surroundings.output
        self._keyboard = Keyboard(surroundings.stdin, surroundings.output)
        self._live = LiveBlock(self._output.stderr, is_terminal=self._output.can_dim())
        self._conversations: tuple[ConversationSummary, ...] = ()
        self._engine_state = EngineState.STARTING
        self._may_think = True
        self._thinking = thinking
        self._error_said = ""
        self._failed = False
        self._tries_again = False
        self._follows = False

    def run(self) -> int:
        """Talk until the input ends; gives the exit code."""
        if not self._wait_for_model() and not self._keyboard.is_terminal:
            return 1
        if self._keyboard.is_terminal:
            self._output.aside("/help lists the commands, Ctrl-D leaves.\n\n")
        while (line := self._keyboard.next_line()) is not None:
            self._take_what_came()
            self._error_said = ""
            if line.strip() == "/quit":
                break
            self._obey(line)
        return 1 if self._failed and not self._keyboard.is_terminal else 0

    def _obey(self, line: str) -> None:
        command, _, argument = line.strip().partition(" ")
        if not line.strip():
            return
        match command:
            case "/new":
                self._controller.new_conversation()
            case "/list":
                self._list()
            case "/open":
                self._open(argument.strip())
            case "/model":
                self._use_model(argument.strip())
            case "/budget":
                self._set_budget(argument.strip())
            case "/restart":
                self._controller.restart_engine()
                self._wait_for_model()
            case "/help":
                self._output.aside(_HELP)
            case _ if command[1:].isalpha() and command.startswith("/"):
                self._output.aside(f"There is no command {command}. /help lists them.\n")
            case _:
                self._ask(line)
        self._output.aside("\n" if self._keyboard.is_terminal else "")

    # Questions.

    def _ask(self, text: str) -> None:
        self._controller.ask(text)
        self._follow_reply()
        while self._tries_again:
            self._tries_again = False
            self._follow_reply()

    def _follow_reply(self) -> None:
        reply = ReplyOnScreen(self._output, self._live, may_think=self._may_think)

        def answer_or_stop() -> None:
            if reply.request_answer():
                self._controller.answer_now()
            else:
                self._controller.stop()

        self._follows = True
        self._wait(reply.take, reply.tick, answer_or_stop)
        self._follows = False
        if isinstance(reply.error, EngineStoppedError | EngineProtocolError):
            # The end of the process follows the end of its turn: it belongs to this question, not the next.
            self._wait(_is_engine_stopped, timeout_s=_ENGINE_END_TIMEOUT_S)

    def _decide(self, finding: str) -> None:
        """A thought waits: ask what is to happen."""
        self._live.clear()
        with self._keyboard.loud():
            decision = ask_what_now(self._output, finding)
        match decision.word:
            case Word.GO_ON:
                self._controller.resume(decision.hint)
            case Word.ANSWER_NOW:
                self._controller.answer_now()
            case Word.TRY_AGAIN:
                self._tries_again = True
                self._controller.try_again()
            case Word.STOP:
                self._controller.stop()

    # Commands.

    def _list(self) -> None:
        for summary in reversed(self._conversations):
            self._output.line(f"{summary.id:>4}  {one_line(summary.title)}")
        if not self._conversations:
            self._output.aside("There are no conversations yet.\n")

    def _open(self, number: str) -> None:
        if not number.isdecimal():
            self._output.aside("Which one? /list gives the numbers: /open 12\n")
            return
        self._controller.open_conversation(int(number))
        self._wait(lambda event: isinstance(event, events.ConversationOpened | events.Noticed))

    def _use_model(self, name: str) -> None:
        if not name:
            self._output.aside("Which one? /model PATH, or /model ponder-mini\n")
            return
        try:
            path = chosen_model(name, "", self._surroundings)
        except AppError as error:
            self._say(error)
            return
        self._controller.use_model(path.absolute())
        self._wait_for_model(or_notice=True)

    def _set_budget(self, text: str) -> None:
        """Set the budget, where one is given, and say which one holds."""
        try:
            if text:
                budget_tokens = 0 if text == "off" else whole_number(1, MAX_CONTEXT_TOKENS)(text)
                self._thinking = msgspec.structs.replace(self._thinking, budget_tokens=budget_tokens)
                self._controller.set_thinking(self._thinking)
        except argparse.ArgumentTypeError as error:
            self._output.aside(f"{error}. Like this: /budget 500, or /budget off\n")
            return
        budget_tokens = self._thinking.budget_tokens
        limit = f"ends after {words.tokens(budget_tokens)} at most" if budget_tokens else "has no budget"
        self._output.aside(f"A thought {limit}.\n")

    # Events.

    def _wait_for_model(self, *, or_notice: bool = False) -> bool:
        """Wait until the engine is ready or has stopped; True: it is ready."""

        def is_settled(event: ChatEvent) -> bool:
            if isinstance(event, events.EngineStateChanged):
                return event.state in (EngineState.READY, EngineState.STOPPED)
            return or_notice and isinstance(event, events.Noticed)

        def leave() -> None:
            raise KeyboardInterrupt

        self._wait(is_settled, lambda: self._live.show("Loading the model…"), leave)
        return self._engine_state is EngineState.READY

    def _wait(
        self,
        is_last: Callable[[ChatEvent], bool],
        tick: Callable[[], None] = lambda: None,
        on_interrupt: Callable[[], None] = lambda: None,
        timeout_s: float = math.inf,
    ) -> None:
        """Show events until one of them is the last that is waited for, or the time is over."""
        deadline = time.monotonic() + timeout_s
        with (
            caught_interrupts(self._inbox.put, every=True),
            caught_pauses(self._inbox.put),
            self._keyboard.quiet(),
        ):
            while time.monotonic() < deadline:
                try:
                    event = self._inbox.get(timeout=0.25)
                except queue.Empty:
                    tick()
                    continue
                if isinstance(event, Interrupted):
                    on_interrupt()
                    continue
                if isinstance(event, PauseRequested):
                    self._controller.pause()
                    continue
                last = is_last(event)
                self._show(event)
                if last:
                    return

    def _take_what_came(self) -> None:
        """Show what happened while the user was typing."""
        while not self._inbox.empty():
            event = self._inbox.get()
            if not isinstance(event, Interrupted | PauseRequested):
                self._show(event)

    def _show(self, event: ChatEvent) -> None:
        match event:
            case events.EngineStateChanged():
                self._show_engine(event)
            case events.ConversationsListed(conversations):
                self._conversations = conversations
            case events.ConversationOpened(conversation) if not self._follows:  # it is on the screen
                self._show_conversation(conversation)
            case events.QuestionRejected(_, error) | events.Noticed(error):
                self._say(error)
            case events.TurnPaused(_, _, finding):
                self._decide(finding)
            case events.TurnEnded(_, error) if error is not None:
                self._say(error)

    def _show_engine(self, change: events.EngineStateChanged) -> None:
        self._engine_state = change.state
        if change.state is EngineState.READY:
            self._live.clear()
            self._may_think = change.model is None or change.model.reasons
            if self._keyboard.is_terminal:
                about = ", the small model in the box: it only does arithmetic" if change.built_in else ""
                self._output.aside(f"{one_line(change.model_title)}{about}.\n")
        elif change.state is EngineState.STOPPED and change.error is not None:
            self._say(change.error)

    def _show_conversation(self, conversation: Conversation | None) -> None:
        if conversation is None:
            self._output.aside("A new conversation.\n")
            return
        self._output.aside(f"{one_line(conversation.summary.title)}\n", dim=True)
        for turn in conversation.turns:
            self._output.line(f"\n› {turn.question}\n")
            if thought := words.thought(turn.usage):
                self._output.aside(f"▸ {thought}\n\n", dim=True)
            self._output.line(turn.answer or f"({turn.state.value})")

    def _say(self, error: AppError) -> None:
        """Say what went wrong, once: the end of a turn and the end of its engine have one cause."""
        self._live.clear()
        if isinstance(error, EngineStoppedError | EngineProtocolError) and self._keyboard.is_terminal:
            error.advice = "Type /restart to go on."
        text = str(error)
        if text != self._error_said:
            self._output.error(text)
        self._error_said = text
        self._failed = True


def _is_engine_stopped(event: ChatEvent) -> bool:
    return isinstance(event, events.EngineStateChanged) and event.state is EngineState.STOPPED
