using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Bench;

/// <summary>
/// One keep-alive connection that carries one request at a time. Connect, send and receive are steps of one loop on one
/// <see cref="SocketAsyncEventArgs"/>; with inline completions the whole loop runs on the thread that polls the sockets.
/// </summary>
internal sealed class LoadConnection : IDisposable
{
    private const int ReceiveBytes = 32 * 1024;
    private readonly LoadRun _run;
    private readonly IPEndPoint _target;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly SocketAsyncEventArgs _args = new();
    private readonly byte[] _buffer = new byte[ReceiveBytes];
    private readonly ResponseReader _reader;
    private readonly BodyObserver _body;
    private Socket? _socket;
    private Step _step;
    private LoadRequest _request;
    private byte[] _bytes = [];
    private long _deadline;
    private bool _isTimedOut;
    private long _idleSince;

    public LoadConnection(LoadRun run, IPEndPoint target, LoadOptions options, TimeProvider time)
    {
        _run = run;
        _target = target;
        _time = time;
        _reader = new ResponseReader { IsBodiless = string.Equals(options.Request.Method, "HEAD", StringComparison.OrdinalIgnoreCase) };
        _body = new BodyObserver(options.Request.Dialect, options.Request.Stream, options.HashBodies);
        _args.RemoteEndPoint = target;
        _args.Completed += OnCompleted;
    }

    private enum Step
    {
        Connect,
        Send,
        Receive,
    }

    /// <summary>Carries <paramref name="request"/>; the connection must be idle.</summary>
    public void Start(in LoadRequest request)
    {
        Begin(request);
        Loop();
    }

    /// <summary>Ends the present request when it is past its deadline. Called from another thread than the connection's.</summary>
    public void Sweep(long now)
    {
        lock (_gate)
        {
            if (_deadline != 0 && now >= _deadline && !_isTimedOut)
            {
                _isTimedOut = true;
                _socket?.Dispose();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _socket?.Dispose();
            _socket = null;
        }

        _args.Dispose();
        _body.Dispose();
    }

    private void Begin(in LoadRequest request)
    {
        _request = request;
        _bytes = _run.BytesOf(request);
        _reader.Reset();
        _body.Reset();
        var isStale = _socket is not null && _time.GetElapsedTime(_idleSince) > TimeSpan.FromSeconds(1) && _socket.Poll(0, SelectMode.SelectRead);
        lock (_gate)
        {
            if (isStale)
            {
                _socket!.Dispose();
                _socket = null;
            }

            _isTimedOut = false;
            _deadline = _run.DeadlineOf(request);
            _step = Step.Send;
            if (_socket is null)
            {
                _socket = new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                _step = Step.Connect;
            }
        }

        Aim();
    }

    private void Aim()
    {
        switch (_step)
        {
            case Step.Connect:
                _args.SetBuffer(null, 0, 0);
                break;
            case Step.Send:
                _args.SetBuffer(_bytes, 0, _bytes.Length);
                break;
            default:
                _args.SetBuffer(_buffer, 0, _buffer.Length);
                break;
        }
    }

    private void OnCompleted(object? sender, SocketAsyncEventArgs args)
    {
        if (Advance(args.SocketError))
        {
            Loop();
        }
    }

    private void Loop()
    {
        while (true)
        {
            SocketError error;
            try
            {
                var socket = _socket!;
                var isPending = _step switch
                {
                    Step.Connect => socket.ConnectAsync(_args),
                    Step.Send => socket.SendAsync(_args),
                    _ => socket.ReceiveAsync(_args),
                };
                if (isPending)
                {
                    return;
                }

                error = _args.SocketError;
            }
            catch (ObjectDisposedException)
            {
                error = SocketError.OperationAborted;
            }

            if (!Advance(error))
            {
                return;
            }
        }
    }

    /// <summary>Takes the result of a step; false when the connection became idle.</summary>
    private bool Advance(SocketError error)
    {
        if (error != SocketError.Success)
        {
            return Finish(Lost());
        }

        switch (_step)
        {
            case Step.Connect:
                _run.Recorder.Connected();
                _step = Step.Send;
                break;
            case Step.Send when _args.BytesTransferred < _args.Count:
                _args.SetBuffer(_args.Offset + _args.BytesTransferred, _args.Count - _args.BytesTransferred);
                return true;
            case Step.Send:
                _step = Step.Receive;
                break;
            default:
                return Received(_args.BytesTransferred);
        }

        Aim();
        return true;
    }

    private bool Received(int count)
    {
        if (count == 0)
        {
            return Finish(_reader.Close() == ReadState.Done ? Answer() : Lost());
        }

        _body.Now = _time.GetTimestamp();
        var state = _reader.Feed(_buffer.AsSpan(0, count), _body);
        return state switch
        {
            ReadState.More => true,
            ReadState.Done => Finish(Answer()),
            _ => Finish(LoadOutcome.Malformed),
        };
    }

    private LoadOutcome Lost() => _step == Step.Connect ? LoadOutcome.ConnectFailed
        : _reader.Started ? LoadOutcome.CutInBody
        : LoadOutcome.ClosedBeforeHead;

    private LoadOutcome Answer()
    {
        if (_reader.Status >= 400)
        {
            return LoadOutcome.HttpError;
        }

        if (!_body.ReadsEvents)
        {
            return LoadOutcome.Ok;
        }

        _body.End();
        return _body.IsMalformed ? LoadOutcome.Malformed
            : _body.HasError ? LoadOutcome.ErrorInStream
            : _body.IsComplete ? LoadOutcome.Ok
            : LoadOutcome.IncompleteStream;
    }

    private bool Finish(LoadOutcome outcome)
    {
        var now = _time.GetTimestamp();
        lock (_gate)
        {
            _deadline = 0;
            if (_isTimedOut)
            {
                outcome = LoadOutcome.Timeout;
            }

            var isReusable = outcome is LoadOutcome.Ok or LoadOutcome.HttpError or LoadOutcome.IncompleteStream or LoadOutcome.ErrorInStream;
            if (!isReusable || !_reader.KeepAlive)
            {
                _socket?.Dispose();
                _socket = null;
            }

            _idleSince = now;
        }

        if (!_run.Finished(this, _request, outcome, _reader, _body, now, out var next))
        {
            return false;
        }

        Begin(next);
        return true;
    }
}
