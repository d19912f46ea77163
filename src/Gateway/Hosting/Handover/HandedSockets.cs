using System.Globalization;

namespace BlazeGateway.Hosting.Handover;

/// <summary>
/// Listening sockets handed over at the start by systemd's protocol (sd_listen_fds(3)): LISTEN_FDS descriptors from 3 on, for the process LISTEN_PID, named by
/// LISTEN_FDNAMES. A name is <c>data</c> or <c>admin</c>; where none is either, the first is for clients and the second for operators.
/// </summary>
internal static class HandedSockets
{
    /// <summary>Variable with the number of sockets.</summary>
    public const string CountVariable = "LISTEN_FDS";

    private const string ProcessVariable = "LISTEN_PID";
    private const string NamesVariable = "LISTEN_FDNAMES";
    private const string Data = "data";
    private const string Admin = "admin";
    private const int First = 3;
    private const int Most = 64;

    /// <summary>The sockets handed to this process; empty when there are none.</summary>
    /// <exception cref="CannotBindException">What was handed over cannot be used; the message says what and why.</exception>
    public static IReadOnlyList<HandedSocket> OfProcess() => OperatingSystem.IsWindows() ? [] : Read(Environment.GetEnvironmentVariable, Environment.ProcessId);

    /// <summary>The sockets that the variables tell of.</summary>
    /// <exception cref="CannotBindException">What they tell of cannot be used.</exception>
    internal static IReadOnlyList<HandedSocket> Read(Func<string, string?> variable, int process)
    {
        if (variable(CountVariable) is not { Length: > 0 } text || !IsForUs(variable(ProcessVariable), process))
        {
            return [];
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > Most)
        {
            throw new CannotBindException($"{CountVariable} is '{text}'; it must be a number of sockets from 0 to {Most}, counted from descriptor {First}.", null);
        }

        var names = Names(variable(NamesVariable), count);
        return [.. names.Select(static (name, i) => HandedSocket.Read(First + i, name == Admin))];
    }

    // The variables outlive the process they were meant for in whatever it starts.
    private static bool IsForUs(string? text, int process)
    {
        if (text is null)
        {
            return false;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var named)
            ? named == process
            : throw new CannotBindException($"{ProcessVariable} is '{text}'; it must be the id of the process that {CountVariable} is meant for.", null);
    }

    private static string[] Names(string? text, int count)
    {
        var names = text?.Split(':') ?? [];
        if (!names.Any(static name => name is Data or Admin))
        {
            return count switch
            {
                0 => [],
                1 => [Data],
                2 => [Data, Admin],
                _ => throw new CannotBindException(
                    $"{count} sockets are handed over and {NamesVariable} is '{text}'; name each of more than two {Data} or {Admin} (FileDescriptorName= of a systemd socket unit).", null),
            };
        }

        if (names.Length != count || names.Any(static name => name is not (Data or Admin)) || names.Count(static name => name == Admin) > 1)
        {
            throw new CannotBindException(
                $"{NamesVariable} is '{text}' for {count} sockets; it must name each of them, separated by ':', {Data} for clients or {Admin} for operators, {Admin} once at most.", null);
        }

        return names;
    }
}
