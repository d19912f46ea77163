using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace BlazeGateway.Configuration;

/// <summary>One file as it was read: its bytes, or why they could not be read.</summary>
internal sealed record FileContent(string Name, byte[]? Bytes, string? Failure, bool Optional);

/// <summary>What the files and secrets held at one moment. Everything after this works on memory, so a file that changes meanwhile cannot give half of each.</summary>
internal sealed record ConfigurationContent
{
    private const int MaxFileBytes = 16 * 1024 * 1024;
    private const int MaxSecretBytes = 64 * 1024;

    /// <summary>Files in the order they are laid over each other.</summary>
    public required IReadOnlyList<FileContent> Files { get; init; }

    /// <summary>Secrets by file name, without the line break at the end.</summary>
    public required IReadOnlyDictionary<string, string> Secrets { get; init; }

    /// <summary>SHA-256 of all of it, the first 16 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    public static ConfigurationContent Read(ConfigurationSources sources)
    {
        var files = new List<FileContent>();
        foreach (var (path, optional) in Paths(sources))
        {
            if (ReadFile(sources.Show(path), path, optional) is { } file)
            {
                files.Add(file);
            }
        }

        if (sources.InMemoryRoutes is { } text)
        {
            files.Add(new FileContent(text.Name, Encoding.UTF8.GetBytes(text.Json), null, Optional: false));
        }

        var secrets = ReadSecrets(sources.SecretsDirectory);
        return new ConfigurationContent { Files = files, Secrets = secrets, Hash = HashOf(files, secrets) };
    }

    /// <summary>Every path that may hold a part, with whether it may be absent.</summary>
    public static IEnumerable<(string Path, bool Optional)> Paths(ConfigurationSources sources)
    {
        var files = sources.Files;
        if (files.Settings is not null)
        {
            yield return (files.Settings, true);
            yield return (ForEnvironment(files.Settings, sources.Environment), true);
        }

        if (sources.InMemoryRoutes is null && files.Routes is not null)
        {
            yield return (files.Routes, false);
            yield return (ForEnvironment(files.Routes, sources.Environment), true);
        }
    }

    private static string ForEnvironment(string path, string environment) =>
        Path.Combine(Path.GetDirectoryName(path)!, $"{Path.GetFileNameWithoutExtension(path)}.{environment}{Path.GetExtension(path)}");

    private static FileContent? ReadFile(string name, string path, bool optional)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length > MaxFileBytes)
            {
                return new FileContent(name, null, $"The file has {stream.Length} bytes; at most {MaxFileBytes} are read.", optional);
            }

            var bytes = new byte[stream.Length];
            return new FileContent(name, bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)], null, optional);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return optional ? null : new FileContent(name, null, "The file does not exist.", optional);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FileContent(name, null, $"The file cannot be read: {e.Message}", optional);
        }
    }

    private static Dictionary<string, string> ReadSecrets(string? directory)
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        if (directory is null || !Directory.Exists(directory))
        {
            return secrets;
        }

        foreach (var path in Directory.EnumerateFiles(directory).Where(static path => !Path.GetFileName(path).StartsWith('.')).Order(StringComparer.Ordinal))
        {
            try
            {
                if (new FileInfo(path).Length <= MaxSecretBytes)
                {
                    secrets[Path.GetFileName(path)] = File.ReadAllText(path).TrimEnd('\r', '\n');
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }

        return secrets;
    }

    private static string HashOf(IEnumerable<FileContent> files, IReadOnlyDictionary<string, string> secrets)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            Append(hash, Encoding.UTF8.GetBytes(file.Name));
            Append(hash, file.Bytes ?? Encoding.UTF8.GetBytes(file.Failure!));
        }

        foreach (var (name, value) in secrets.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            Append(hash, Encoding.UTF8.GetBytes(name));
            Append(hash, Encoding.UTF8.GetBytes(value));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
