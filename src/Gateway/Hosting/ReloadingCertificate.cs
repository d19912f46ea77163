using System.IO.Hashing;
using System.Net.Security;
using System.Security.Cryptography;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Pipeline.Connections;

namespace BlazeGateway.Hosting;

/// <summary>
/// The server certificate of a listener, read again when its files change. Looked at when a client connects, at most once a second;
/// a change that cannot be read is reported once and the certificate before it stays.
/// </summary>
internal sealed partial class ReloadingCertificate
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly CertificateOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _loading = new();
    private SslStreamCertificateContext _current;
    private ulong _fingerprint;
    private long _lookedAt;
    private string? _complaint;

    /// <summary>Loads the certificate.</summary>
    /// <exception cref="InvalidOperationException">It cannot be loaded; the message names the file and the reason.</exception>
    public ReloadingCertificate(CertificateOptions options, TimeProvider time, ILogger log)
    {
        _options = options;
        _time = time;
        _log = log;
        try
        {
            _fingerprint = Fingerprint();
            _current = CertificateFile.LoadWithChain(_options);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidOperationException($"Proxy:Certificate: '{options.Path}' cannot be used: {exception.Message}", exception);
        }

        _lookedAt = time.GetTimestamp();
    }

    /// <summary>The certificate to show now, with its chain.</summary>
    public SslStreamCertificateContext Current()
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _lookedAt)) >= LookEvery && _loading.TryEnter())
        {
            try
            {
                Look();
            }
            finally
            {
                _loading.Exit();
            }
        }

        return Volatile.Read(ref _current);
    }

    private void Look()
    {
        Volatile.Write(ref _lookedAt, _time.GetTimestamp());
        try
        {
            var fingerprint = Fingerprint();
            _complaint = null;
            if (fingerprint == _fingerprint)
            {
                return;
            }

            // Remembered before loading, so that a file that cannot be used is reported once and not at every connection.
            _fingerprint = fingerprint;
            Volatile.Write(ref _current, CertificateFile.LoadWithChain(_options));
            Log.Reloaded(_log, _options.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // A file that is gone stays gone for many connections.
            if (_complaint != exception.Message)
            {
                _complaint = exception.Message;
                Log.NotReloaded(_log, _options.Path, exception.Message);
            }
        }
    }

    private ulong Fingerprint()
    {
        var hash = new XxHash3();
        hash.Append(File.ReadAllBytes(_options.Path));
        if (_options.KeyPath is { } key)
        {
            hash.Append(File.ReadAllBytes(key));
        }

        return hash.GetCurrentHashAsUInt64();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Certificate '{Path}' changed and is used from now on.")]
        public static partial void Reloaded(ILogger logger, string path);

        [LoggerMessage(Level = LogLevel.Error, Message = "Certificate '{Path}' changed but cannot be used, the one before it stays: {Reason}")]
        public static partial void NotReloaded(ILogger logger, string path, string reason);
    }
}
