//! One part of the pipeline, a program or a line between two, and its supervisor: a thread that breaks
//! it, starts it again, and notices when it ends by itself.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Database, FaultProxy, Pipeline, Program, RabbitMq, ServerError};

use crate::faults::FaultAction;

/// How often a part is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long a supervisor waits before it starts a part that ended by itself.
const BACK_OFF: Duration = Duration::from_secs(1);
/// A server that does not start is tried again so often.
const TRIES: usize = 3;

/// What runs.
pub(crate) enum Engine {
    Program(Launch, Option<Program>),
    Broker(RabbitMq),
    Database(Database),
    Line(FaultProxy),
}

/// How one of our programs is started.
pub(crate) struct Launch {
    pub(crate) program: &'static str,
    pub(crate) shop: Pipeline,
    pub(crate) log: PathBuf,
}

/// What a supervisor reports.
#[derive(Debug)]
pub(crate) enum News {
    /// A fault is over, the part runs again.
    Injected { part: String, action: FaultAction, back_after: Duration },
    /// The part was not told to end, and ended.
    EndedByItself { part: String, how: String },
    /// It cannot be started any more.
    Gone { part: String, error: String },
}

enum Command {
    Break(FaultAction),
    /// An orderly end; answers how it ended.
    Stop(Sender<String>),
    Start(Sender<()>),
}

/// A part with its supervisor. Dropped, it is killed.
pub(crate) struct Part {
    commands: Sender<Command>,
}

impl Part {
    /// Starts the part, unless it runs already, and its supervisor.
    pub(crate) fn supervise(name: String, engine: Engine, news: Sender<News>) -> Part {
        let (commands, inbox) = mpsc::channel();
        thread::spawn(move || Supervisor { name, engine, news, wanted: true }.run(&inbox));
        Part { commands }
    }

    /// Breaks it; [`News`] tells when that is over.
    pub(crate) fn inject(&self, action: FaultAction) {
        // A supervisor that is gone has said so.
        let _ = self.commands.send(Command::Break(action));
    }

    /// Ends it by SIGTERM; returns how it ended, none when its supervisor is gone.
    pub(crate) fn stop(&self) -> Option<String> {
        let (answer, ended) = mpsc::channel();
        self.commands.send(Command::Stop(answer)).ok()?;
        ended.recv().ok()
    }

    /// Starts it after [`stop`](Part::stop).
    pub(crate) fn start(&self) {
        // A supervisor that is gone has said so.
        let _ = self.begin_start().recv();
    }

    /// The same, without waiting: what is returned answers when it has started.
    pub(crate) fn begin_start(&self) -> Receiver<()> {
        let (answer, started) = mpsc::channel();
        let _ = self.commands.send(Command::Start(answer));
        started
    }
}

struct Supervisor {
    name: String,
    engine: Engine,
    news: Sender<News>,
    wanted: bool,
}

impl Supervisor {
    fn run(mut self, inbox: &Receiver<Command>) {
        self.engine_start();
        loop {
            match inbox.recv_timeout(POLL_INTERVAL) {
                Ok(Command::Break(action)) => self.inject(action),
                Ok(Command::Stop(answer)) => {
                    self.wanted = false;
                    let _ = answer.send(self.engine.stop());
                }
                Ok(Command::Start(answer)) => {
                    self.wanted = true;
                    self.engine_start();
                    let _ = answer.send(());
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn inject(&mut self, action: FaultAction) {
        // One that ended by itself shall not pass for one that was killed.
        self.look();
        let began = Instant::now();
        match (action, &self.engine) {
            (FaultAction::Kill { down }, _) => {
                self.engine.kill();
                thread::sleep(down);
                self.engine_start();
            }
            (FaultAction::Pause { length }, _) => {
                self.engine.pause();
                thread::sleep(length);
                self.engine.resume();
            }
            (FaultAction::Cut { after, length }, Engine::Line(line)) => {
                line.cut_after(after);
                thread::sleep(length);
                // Where so many bytes did not pass.
                line.cut();
                line.resume();
            }
            (FaultAction::Delay { by, length }, Engine::Line(line)) => {
                line.delay(by);
                thread::sleep(length);
                line.resume();
            }
            (FaultAction::BlackHole { length }, Engine::Line(line)) => {
                line.black_hole();
                thread::sleep(length);
                line.resume();
            }
            (FaultAction::Isolate { length }, Engine::Broker(node)) => {
                let outcome = node.cut_peers().and_then(|()| {
                    thread::sleep(length);
                    node.join_peers()
                });
                if let Err(error) = outcome {
                    let (part, error) = (self.name.clone(), error.to_string());
                    let _ = self.news.send(News::Gone { part, error });
                }
            }
            // The plan breaks lines like lines alone, and isolates nodes alone.
            (FaultAction::Cut { .. } | FaultAction::Delay { .. }, _) => {}
            (FaultAction::BlackHole { .. } | FaultAction::Isolate { .. }, _) => {}
        }
        let part = self.name.clone();
        let _ = self.news.send(News::Injected { part, action, back_after: began.elapsed() });
    }

    fn look(&mut self) {
        if !self.wanted || self.engine.is_running() {
            return;
        }
        let (part, how) = (self.name.clone(), self.engine.how_it_ended());
        let _ = self.news.send(News::EndedByItself { part, how });
        thread::sleep(BACK_OFF);
        self.engine_start();
    }

    fn engine_start(&mut self) {
        let mut tries = 1;
        while let Err(error) = self.engine.start() {
            if tries == TRIES {
                let (part, error) = (self.name.clone(), error.to_string());
                let _ = self.news.send(News::Gone { part, error });
                self.wanted = false;
                return;
            }
            tries += 1;
        }
    }
}

impl Engine {
    fn start(&mut self) -> Result<(), ServerError> {
        match self {
            Engine::Program(launch, program) => {
                if !program.as_mut().is_some_and(Program::is_running) {
                    let Launch { program: name, shop, log } = launch;
                    let config = shop.config().display().to_string();
                    let arguments = ["--config", config.as_str()];
                    // Ready or not: a supervisor starts it and goes on, and senders try again.
                    let started =
                        Program::start_with_log(name, &arguments, &shop.environment(), log);
                    *program = Some(started);
                }
                Ok(())
            }
            Engine::Broker(server) => server.start_again(),
            Engine::Database(server) => server.start_again(),
            Engine::Line(_) => Ok(()),
        }
    }

    fn kill(&mut self) {
        match self {
            Engine::Program(_, program) => program.iter_mut().for_each(Program::kill),
            Engine::Broker(server) => server.kill(),
            Engine::Database(server) => server.kill(),
            Engine::Line(_) => {}
        }
    }

    fn pause(&mut self) {
        match self {
            Engine::Program(_, program) => program.iter_mut().for_each(Program::pause),
            Engine::Broker(server) => server.pause(),
            Engine::Database(server) => server.pause(),
            Engine::Line(_) => {}
        }
    }

    fn resume(&mut self) {
        match self {
            Engine::Program(_, program) => program.iter_mut().for_each(Program::resume),
            Engine::Broker(server) => server.resume(),
            Engine::Database(server) => server.resume(),
            Engine::Line(_) => {}
        }
    }

    fn is_running(&mut self) -> bool {
        match self {
            Engine::Program(_, program) => program.as_mut().is_some_and(Program::is_running),
            Engine::Broker(server) => server.is_running(),
            Engine::Database(server) => server.is_running(),
            Engine::Line(_) => true,
        }
    }

    fn how_it_ended(&mut self) -> String {
        match self {
            Engine::Program(_, Some(program)) => program.wait().to_string(),
            _ => "it is gone".to_owned(),
        }
    }

    fn stop(&mut self) -> String {
        match self {
            Engine::Program(_, Some(program)) => {
                program.terminate();
                // Panics after a minute: the supervisor is gone then, and the caller gets an error.
                program.wait().to_string()
            }
            Engine::Program(_, None) => "it did not run".to_owned(),
            Engine::Broker(server) => {
                server.stop();
                "stopped".to_owned()
            }
            Engine::Database(server) => {
                server.stop();
                "stopped".to_owned()
            }
            Engine::Line(_) => "a line does not end".to_owned(),
        }
    }
}
