#!/usr/bin/env escript
%%! -noinput
%% Firecrest — runs scenarios on a real supervisor of OTP and prints what its children did, in order
%% SPDX-License-Identifier: Apache-2.0

%% supervisor.escript FILE
%%
%% FILE holds terms, each with a full stop behind it:
%%   {Name, Tree, Failing, Events}
%%   Tree     {tree, Id, Restart, Shutdown, Strategy, {MaxRestarts, Seconds}, [Tree | Worker]}
%%   Worker   {worker, Id, Restart, Shutdown, ignoring | heeding}
%%   Failing  [{Id, N}]: the first N starts fail
%%   Events   {crash, Id}, {exit, Id}, {fail, Id, N}: the next N starts fail, {wait, Milliseconds}
%%
%% Printed is `scenario NAME`, then a line for the start, each event and the shutdown, of `start ID`, `fail ID`,
%% `crash ID`, `exit ID` and `stop ID` with commas between them, then `end stopped`, `end gave_up` or `end not_started`.
%% A line is printed once the tree has come to rest, however long that takes.

-module(supervisor_trace).
-mode(compile).
-export([main/1, start_child/1, init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

main([File]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    register(record, spawn_link(fun() -> record([], #{}, #{}) end)),
    {ok, Scenarios} = file:consult(File),
    lists:foreach(fun scenario/1, Scenarios),
    halt(0).

scenario({Name, Tree, Failing, Events}) ->
    io:format("scenario ~s~n", [Name]),
    record({failing, maps:from_list(Failing)}),
    {tree, _, _, _, Strategy, Intensity, Children} = Tree,
    case supervisor:start_link(?MODULE, {tree, Strategy, Intensity, Children}) of
        {ok, Top} ->
            step(),
            play(Events, Top);
        {error, _} ->
            receive {'EXIT', _, _} -> ok end,
            step(),
            io:format("end not_started~n")
    end.

play([], Top) ->
    exit(Top, shutdown),
    receive {'EXIT', Top, _} -> ok end,
    step(),
    io:format("end stopped~n");
play([Event | Events], Top) ->
    do(Event, Top),
    step(),
    case is_process_alive(Top) of
        true -> play(Events, Top);
        false ->
            receive {'EXIT', Top, _} -> ok end,
            io:format("end gave_up~n")
    end.

do({wait, Milliseconds}, _) -> timer:sleep(Milliseconds);
do({fail, Id, Count}, _) -> record({fail, Id, Count});
do({What, Id}, Top) ->
    Pid = record({where, Id}),
    Watch = monitor(process, Pid),
    gen_server:cast(Pid, What),
    receive {'DOWN', Watch, process, Pid, _} -> ok end,
    rest(Top, Pid).

%% Until the supervisors have done what is to be done about that process.
rest(Top, Gone) ->
    case not is_process_alive(Top) orelse (catch is_at_rest(Top, Gone)) of
        true -> wait_if_dying(Top);
        _ -> timer:sleep(1), rest(Top, Gone)
    end.

%% A supervisor that has given up answers nobody any more, and is gone in a moment.
wait_if_dying(Top) ->
    case catch supervisor:count_children(Top) of
        [_ | _] -> ok;
        _ ->
            Watch = monitor(process, Top),
            receive {'DOWN', Watch, process, Top, _} -> ok end
    end.

is_at_rest(Supervisor, Gone) ->
    lists:all(fun
        ({_, restarting, _, _}) -> false;
        ({_, undefined, _, _}) -> true;
        ({_, Gone1, _, _}) when Gone1 =:= Gone -> false;
        ({_, Pid, supervisor, _}) -> is_at_rest(Pid, Gone);
        ({_, Pid, worker, _}) -> is_process_alive(Pid)
    end, supervisor:which_children(Supervisor)).

step() -> io:format("~s~n", [lists:join(", ", record(take))]).

%% The record: what happened, in order, and who may not start. Everybody waits for its answer, so the order is the real one.

record(Request) ->
    Tag = make_ref(),
    record ! {self(), Tag, Request},
    receive {Tag, Answer} -> Answer end.

record(Lines, Failing, Pids) ->
    receive
        {From, Tag, Request} ->
            {Answer, Lines1, Failing1, Pids1} = record(Request, From, Lines, Failing, Pids),
            From ! {Tag, Answer},
            record(Lines1, Failing1, Pids1)
    end.

record({failing, New}, _, Lines, _, Pids) -> {ok, Lines, New, Pids};
record({fail, Id, Count}, _, Lines, Failing, Pids) -> {ok, Lines, Failing#{Id => Count}, Pids};
record({where, Id}, _, Lines, Failing, Pids) -> {maps:get(Id, Pids), Lines, Failing, Pids};
record(take, _, Lines, Failing, Pids) -> {lists:reverse(Lines), [], Failing, Pids};
record({say, Line}, _, Lines, Failing, Pids) -> {ok, [Line | Lines], Failing, Pids};
record({start, Id}, From, Lines, Failing, Pids) ->
    case maps:get(Id, Failing, 0) of
        0 -> {ok, [said(start, Id) | Lines], Failing, Pids#{Id => From}};
        N -> {failed, [said(fail, Id) | Lines], Failing#{Id => N - 1}, Pids}
    end.

said(What, Id) -> io_lib:format("~s ~s", [What, Id]).

%% Supervisors and workers.

specification({tree, Id, Restart, Shutdown, Strategy, Intensity, Children}) ->
    #{id => Id, restart => Restart, shutdown => Shutdown, type => supervisor,
      start => {supervisor, start_link, [?MODULE, {tree, Strategy, Intensity, Children}]}};
specification({worker, Id, Restart, Shutdown, Manner}) ->
    #{id => Id, restart => Restart, shutdown => Shutdown, type => worker,
      start => {?MODULE, start_child, [{worker, Id, Manner}]}}.

start_child(Worker) -> gen_server:start_link(?MODULE, Worker, []).

init({tree, Strategy, {MaxRestarts, Seconds}, Children}) ->
    {ok, {#{strategy => Strategy, intensity => MaxRestarts, period => Seconds},
          [specification(Child) || Child <- Children]}};
init({worker, Id, Manner}) ->
    process_flag(trap_exit, true),
    case record({start, Id}) of
        ok -> {ok, {Id, Manner}};
        failed -> {stop, failed}
    end.

handle_call(_, _, State) -> {reply, ok, State}.

handle_cast(crash, {Id, _} = State) ->
    record({say, said(crash, Id)}),
    {stop, crash, State};
handle_cast(exit, {Id, _} = State) ->
    record({say, said(exit, Id)}),
    {stop, normal, State}.

handle_info(_, State) -> {noreply, State}.

terminate(shutdown, {_, ignoring}) -> timer:sleep(infinity);
terminate(shutdown, {Id, heeding}) -> record({say, said(stop, Id)});
terminate(_, _) -> ok.
